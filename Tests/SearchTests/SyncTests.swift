// SPDX-License-Identifier: Apache-2.0
//
// Folders and their indexes: what a sync brings over.

import Chunking
import GRDB
import Search
import Synchronization
import TestSupport
import Testing
import Threads

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct SyncTests {
    let home = TemporaryFolder()
    let tree = TemporaryFolder()
    var indexes: String { home.path + "/data/indexes" }

    func sync(_ fakes: FakeEmbedder...) async throws -> SyncSummary {
        try await Synchronizer(root: tree.path, indexes: indexes, embedders: fakes.map(\.embedder)).run()
    }

    func reader() throws -> IndexReader {
        try IndexReader(IndexFolder(of: IndexFolder.canonical(tree.path), in: indexes))
    }

    /// Makes files old enough for their times to prove something.
    func age(_ names: String...) {
        for name in names {
            var times = [timespec(tv_sec: 1_600_000_000, tv_nsec: 5), timespec(tv_sec: 1_600_000_000, tv_nsec: 5)]
            utimensat(AT_FDCWD, tree.path + "/" + name, &times, 0)
        }
    }

    @Test func aFolderIsIndexed() async throws {
        tree.write("alpha one\nalpha two\n", to: "a.txt")
        tree.write("beta\n", to: "sub/b.txt")
        tree.write([0, 1, 2], to: "c.txt")
        let fake = FakeEmbedder("1")
        let summary = try await sync(fake)
        #expect(summary.files == 2)
        #expect(summary.changed == 2)
        #expect(summary.skipped[.binary] == 1)
        #expect(summary.chunks == 2)
        #expect(summary.embedded == 2)
        #expect(summary.space == fake.space)
        let reader = try reader()
        #expect(try find("alpha", reader) == ["a.txt:1"])
        let content = try IndexContent(reader)
        #expect(content.vectors.count == 2)
        #expect(content.missing == 0)
    }

    @Test func nothingIsDoneTwice() async throws {
        tree.write("alpha\n", to: "a.txt")
        tree.write([0, 1, 2], to: "b.txt")
        let fake = FakeEmbedder("1")
        _ = try await sync(fake)
        let content = try IndexContent(reader())
        for _ in 0..<2 {
            let summary = try await sync(fake)
            #expect(summary.files == 1)
            #expect(summary.changed == 0)
            #expect(summary.skipped[.binary] == 1)
            #expect(summary.embedded == 0)
        }
        #expect(fake.texts == 1)
        #expect(try IndexContent(reader()) == content)
    }

    @Test func changesAreFollowed() async throws {
        tree.write("alpha\n", to: "a.txt")
        tree.write("beta\n", to: "b.txt")
        tree.write("gamma\n", to: "c.txt")
        let fake = FakeEmbedder("1")
        _ = try await sync(fake)
        tree.write("delta\n", to: "a.txt")
        tree.remove("b.txt")
        rename(tree.path + "/c.txt", tree.path + "/moved.txt")
        let summary = try await sync(fake)
        #expect(summary.files == 2)
        #expect(summary.changed == 2)
        #expect(summary.removed == 2)
        #expect(summary.reused == 1)
        #expect(summary.embedded == 1)
        let reader = try reader()
        #expect(try find("alpha OR beta", reader) == [])
        #expect(try find("gamma", reader) == ["moved.txt:1"])
        #expect(try find("delta", reader) == ["a.txt:1"])
        #expect(try IndexContent(reader).missing == 0)
    }

    /// A file that was written again within one tick of the clock, with the same size.
    @Test func changesWithinATickAreFound() async throws {
        tree.write("alpha\n", to: "a.txt")
        let fake = FakeEmbedder("1")
        _ = try await sync(fake)
        var status = stat()
        stat(tree.path + "/a.txt", &status)
        tree.write("omega\n", to: "a.txt")
        #if canImport(Darwin)
            var times = [status.st_atimespec, status.st_mtimespec]
        #else
            var times = [status.st_atim, status.st_mtim]
        #endif
        utimensat(AT_FDCWD, tree.path + "/a.txt", &times, 0)
        _ = try await sync(fake)
        #expect(try find("omega", reader()) == ["a.txt:1"])
    }

    @Test func goingBackEmbedsNothing() async throws {
        tree.write((0..<200).map { "line \($0)" }.joined(separator: "\n"), to: "a.txt")
        tree.write("beta\n", to: "b.txt")
        let fake = FakeEmbedder("1")
        _ = try await sync(fake)
        let before = fake.texts
        tree.remove("b.txt")
        _ = try await sync(fake)
        tree.write("beta\n", to: "b.txt")
        let summary = try await sync(fake)
        #expect(summary.embedded == 0)
        #expect(summary.reused == 1)
        #expect(fake.texts == before)
    }

    @Test func aFastModelAnswersUntilTheBetterOneIsDone() async throws {
        for index in 0..<60 { tree.write("word\(index)\n", to: "\(index).txt") }
        let fast = FakeEmbedder("fast", dimensions: 4)
        let failing = FakeEmbedder("better", failsAfter: 2)
        await #expect(throws: SearchError.self) { try await sync(fast, failing) }
        #expect(try IndexContent(reader()).space == fast.space)
        #expect(try IndexContent(reader()).vectors.count == 60)

        // The better one goes on where it was, and then is the only one.
        tree.write("new\n", to: "new.txt")
        let better = FakeEmbedder("better")
        let summary = try await sync(fast, better)
        #expect(fast.texts == 61)
        #expect(better.texts < 61)
        #expect(summary.embedded == better.texts)
        #expect(try IndexContent(reader()).space == better.space)
        tree.write("newer\n", to: "newer.txt")
        _ = try await sync(fast, better)
        #expect(fast.texts == 61)
        #expect(try IndexContent(reader()).missing == 0)
    }

    @Test func anotherModelTakesOverWhenItIsComplete() async throws {
        for index in 0..<60 { tree.write("word\(index)\n", to: "\(index).txt") }
        let first = FakeEmbedder("first")
        _ = try await sync(first)
        let fast = FakeEmbedder("fast")
        await #expect(throws: SearchError.self) { try await sync(fast, FakeEmbedder("second", failsAfter: 1)) }
        #expect(try IndexContent(reader()).space == first.space)
        #expect(fast.texts == 0)
        _ = try await sync(fast, FakeEmbedder("second"))
        #expect(try IndexContent(reader()).space?.id == "second")
        #expect(try IndexContent(reader()).vectors.count == 60)
    }

    @Test func wordsAreFoundWithoutAnyModel() async throws {
        tree.write("alpha\n", to: "a.txt")
        let error = await #expect(throws: SearchError.self) { try await sync(FakeEmbedder("1", failsAfter: 0)) }
        #expect(error?.code == .embedding)
        #expect(try find("alpha", reader()) == ["a.txt:1"])
        let summary = try await sync()
        #expect(summary.files == 1)
        #expect(summary.space == nil)
    }

    @Test func whatCannotBeReadIsKept() async throws {
        // Root reads everything.
        if getuid() == 0 { return }
        tree.write("alpha\n", to: "a.txt")
        tree.write("beta\n", to: "sub/b.txt")
        let fake = FakeEmbedder("1")
        _ = try await sync(fake)
        tree.write("other\n", to: "a.txt")
        chmod(tree.path + "/a.txt", 0)
        chmod(tree.path + "/sub", 0)
        defer { chmod(tree.path + "/sub", 0o755) }
        let summary = try await sync(fake)
        #expect(summary.skipped[.unreadable] == 2)
        #expect(summary.removed == 0)
        #expect(try find("alpha", reader()) == ["a.txt:1"])
        #expect(try find("beta", reader()) == ["sub/b.txt:1"])
    }

    @Test func cancellationKeepsWhatWasDone() async throws {
        for index in 0..<200 { tree.write("word\(index)\n", to: "\(index).txt") }
        let slow = FakeEmbedder("1", delay: .milliseconds(20))
        let embedded = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await Synchronizer(root: tree.path, indexes: indexes, embedders: [slow.embedder]).run {
                if $0.textsDone > 0 { embedded.continuation.yield() }
            }
        }
        for await _ in embedded.stream { break }
        task.cancel()
        let error = await #expect(throws: SearchError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        #expect(try find("word7", reader()).count <= 1)
        let fake = FakeEmbedder("1")
        _ = try await sync(fake)
        #expect(try IndexContent(reader()).vectors.count == 200)
    }

    @Test func aVanishedRootChangesNothing() async throws {
        let inner = TemporaryFolder()
        inner.write("alpha\n", to: "a.txt")
        let root = try IndexFolder.canonical(inner.path)
        _ = try await Synchronizer(root: root, indexes: indexes, embedders: []).run()
        inner.remove("")
        let error = await #expect(throws: SearchError.self) {
            try await Synchronizer(root: root, indexes: indexes, embedders: []).run()
        }
        #expect(error?.code == .notFound)
        let reader = try IndexReader(IndexFolder(of: root, in: indexes))
        #expect(try find("alpha", reader) == ["a.txt:1"])
    }

    /// Searches go on while everything changes under them, and each sees one state.
    @Test func readersSeeWholeStates() async throws {
        for index in 0..<100 { tree.write("word\(index)\n", to: "\(index).txt") }
        _ = try await sync(FakeEmbedder("0"))
        let reader = try reader()
        let isDone = Atomic(false)
        async let reading = onOwnThread(named: "reader") { () throws(any Error) in
            var states: Set<Int> = []
            while !isDone.load(ordering: .relaxed) {
                _ = try IndexContent(reader)
                states.insert(try reader.read { $0.generation })
            }
            return states.count
        }
        for round in 1...6 {
            // Most contents go each time, so that vector files are replaced, by compaction and by other spaces.
            for index in 0..<100 { tree.write("word\(index) round\(round)\n", to: "\(index).txt") }
            _ = try await sync(FakeEmbedder("\(round / 3)"))
        }
        isDone.store(true, ordering: .relaxed)
        #expect(try await reading > 1)
        #expect(try find("round6", reader).count == 100)
        #expect(try find("round5", reader).isEmpty)
    }

    @Test func progressEndsWhereItShould() async throws {
        for index in 0..<100 { tree.write("word\(index)\n", to: "\(index).txt") }
        let fake = FakeEmbedder("1")
        let all = Mutex<[SyncProgress]>([])
        _ = try await Synchronizer(root: tree.path, indexes: indexes, embedders: [fake.embedder]).run { progress in
            all.withLock { $0.append(progress) }
        }
        let reports = all.withLock { $0 }
        let last = try #require(reports.last)
        #expect(reports.first?.phase == .scanning)
        #expect(last.phase == .finishing)
        #expect(last.files == 100 && last.filesDone == 100 && last.chunks == 100)
        #expect(last.texts == 100 && last.textsDone == 100 && last.tokensDone == 300)
        #expect(zip(reports, reports.dropFirst()).allSatisfy { $0.textsDone <= $1.textsDone })
    }
}
