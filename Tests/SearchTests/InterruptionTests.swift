// SPDX-License-Identifier: Apache-2.0
//
// Syncs that are killed, or have no room: a child process syncs until something
// stops it, and whatever it leaves must open, answer and be completed by the next one.

import Search
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How often a child is killed; the environment may ask for more.
private let rounds = variable("HEARTH_SYNC_KILLS").flatMap { Int($0) } ?? 5

/// What the child syncs: root, indexes, and how long a file may become, with line breaks between them. Only set in the
/// child.
private let assignment = variable("HEARTH_SYNC_CHILD")

@Suite struct InterruptionTests {
    /// The child's part.
    @Test(.enabled(if: assignment != nil)) func syncChild() async throws {
        let paths = try #require(assignment).split(separator: "\n").map(String.init)
        guard let limit = UInt(paths[2]) else {
            try await sync(root: paths[0], indexes: paths[1], delay: .milliseconds(1))
            return
        }
        // A longer file is an error then, and no signal.
        signal(SIGXFSZ, SIG_IGN)
        #if os(Linux)
            var limits = rlimit(rlim_cur: limit, rlim_max: limit)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits)
        #endif
        do {
            try await sync(root: paths[0], indexes: paths[1])
        } catch let error as SearchError {
            // SQLite tells a full disk from other errors, but not this limit.
            #expect(error.code == .noSpace || error.code == .fileSystem)
        }
    }

    @discardableResult
    func sync(root: String, indexes: String, delay: Duration? = nil) async throws -> SyncSummary {
        let fast = FakeEmbedder("fast", dimensions: 4, delay: delay)
        let better = FakeEmbedder("better", delay: delay)
        return try await Synchronizer(root: root, indexes: indexes, embedders: [fast.embedder, better.embedder]).run()
    }

    #if os(Linux)
        @Test(.enabled(if: assignment == nil)) func aKilledSyncLosesNothing() async throws {
            let tree = TemporaryFolder()
            let home = TemporaryFolder()
            var random = SeededGenerator.anywhere()
            for file in 0..<300 { write(file, to: tree, &random) }
            let folder = IndexFolder(of: try IndexFolder.canonical(tree.path), in: home.path)
            var killed = 0
            for round in 0..<rounds {
                // Some rounds begin from nothing, the others change what is there.
                if round % 10 == 9 { home.remove(folder.path.split(separator: "/").last.map(String.init) ?? "") }
                for _ in 0..<20 {
                    let file = Int.random(in: 0..<300, using: &random)
                    if Bool.random(using: &random) { write(file, to: tree, &random) } else { tree.remove(name(file)) }
                }
                let child = try spawnChild("\(tree.path)\n\(home.path)\nnone")
                // Until it has begun, it cannot be interrupted.
                let lock = folder.path + "/lock"
                let state = readFile(lock)
                for _ in 0..<400 where readFile(lock) == state { usleep(1000) }
                usleep(UInt32.random(in: 0..<200_000, using: &random))
                kill(child, SIGKILL)
                var status: Int32 = 0
                waitpid(child, &status, 0)
                if status & 0x7f == SIGKILL { killed += 1 }
                if folder.exists, let reader = try? IndexReader(folder) {
                    _ = try IndexContent(reader)
                    _ = try find("word1", reader)
                }
            }
            #expect(killed > 0)
            try await expectCompletion(of: tree, home)
        }

        @Test(.enabled(if: assignment == nil)) func aFullDiskLosesNothing() async throws {
            let tree = TemporaryFolder()
            let home = TemporaryFolder()
            var random = SeededGenerator(seed: 1)
            for file in 0..<300 { write(file, to: tree, &random) }
            let folder = IndexFolder(of: try IndexFolder.canonical(tree.path), in: home.path)
            for kilobytes in [1, 8, 20, 60, 150, 400, 700, 1000] {
                let child = try spawnChild("\(tree.path)\n\(home.path)\n\(kilobytes << 10)")
                var status: Int32 = 0
                waitpid(child, &status, 0)
                #expect(status == 0, "with \(kilobytes) KiB")
                if let reader = try? IndexReader(folder) {
                    _ = try IndexContent(reader)
                    _ = try find("word1", reader)
                }
            }
            try await expectCompletion(of: tree, home)
        }

        /// Another sync makes the index what it would be without all that happened.
        private func expectCompletion(of tree: TemporaryFolder, _ home: TemporaryFolder) async throws {
            let folder = IndexFolder(of: try IndexFolder.canonical(tree.path), in: home.path)
            try await sync(root: tree.path, indexes: home.path)
            let other = TemporaryFolder()
            try await sync(root: tree.path, indexes: other.path)
            let content = try IndexContent(IndexReader(folder))
            let fresh = IndexFolder(of: try IndexFolder.canonical(tree.path), in: other.path)
            let expected = try IndexContent(IndexReader(fresh))
            #expect(content.files == expected.files)
            #expect(content.chunks == expected.chunks)
            #expect(content.vectors == expected.vectors)
            #expect(content.missing == 0)
            #expect(content.space?.id == "better")
            let writer = try IndexWriter(
                root: IndexFolder.canonical(tree.path), indexes: home.path, chunking: "")
            try writer.verify()
            writer.close()
        }

        private func spawnChild(_ assignment: String) throws -> pid_t {
            let library = "LD_LIBRARY_PATH=\(variable("LD_LIBRARY_PATH") ?? "")"
            let environment = ["HEARTH_SYNC_CHILD=\(assignment)", "PATH=/usr/bin:/bin", library]
            let arguments = ["tests", "--testing-library", "swift-testing", "--filter", "syncChild"]
            var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
            var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
            defer { for copy in variables + words { free(copy) } }
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
            var child: pid_t = 0
            let result = posix_spawn(&child, "/proc/self/exe", &actions, nil, &words, &variables)
            try #require(result == 0)
            return child
        }
    #endif

    private func name(_ file: Int) -> String { "folder\(file % 7)/\(file).txt" }

    private func write(_ file: Int, to tree: TemporaryFolder, _ random: inout SeededGenerator) {
        let lines = (0..<Int.random(in: 1..<120, using: &random)).map { "word\($0) \(random.next() % 50)" }
        tree.write(lines.joined(separator: "\n"), to: name(file))
    }
}
