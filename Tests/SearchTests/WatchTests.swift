// SPDX-License-Identifier: Apache-2.0
//
// Changes of folders, as they are noticed.

import Search
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct QuietPeriodTests {
    let start = ContinuousClock.now

    func after(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test func waitsForQuiet() {
        var period = QuietPeriod(quiet: .seconds(1), longest: .seconds(5))
        #expect(period.remaining(at: start) == nil)
        var isDue = period.isDue(at: start)
        #expect(!isDue)
        period.change(at: start)
        period.change(at: after(0.5))
        #expect(period.remaining(at: after(0.5)) == .seconds(1))
        isDue = period.isDue(at: after(1.4))
        #expect(!isDue)
        isDue = period.isDue(at: after(1.5))
        #expect(isDue)
        isDue = period.isDue(at: after(9))
        #expect(!isDue)
    }

    @Test func doesNotWaitForEver() {
        var period = QuietPeriod(quiet: .seconds(1), longest: .seconds(5))
        for step in 0..<10 { period.change(at: after(Double(step) / 2)) }
        #expect(period.remaining(at: after(4.5)) == .seconds(0.5))
        let isDue = period.isDue(at: after(5))
        #expect(isDue)
        period.change(at: after(5.1))
        #expect(period.remaining(at: after(5.1)) == .seconds(1))
    }
}

@Suite(.timeLimit(.minutes(5))) struct WatchTests {
    let tree = TemporaryFolder()

    func watch(maximumFolders: Int = 1000) async throws -> FolderWatch {
        var settings = FolderWatch.Settings()
        settings.quiet = .milliseconds(20)
        settings.pollInterval = .milliseconds(20)
        settings.maximumFolders = maximumFolders
        return try await FolderWatch.start(tree.path, settings: settings)
    }

    @Test func changesAreNoticed() async throws {
        tree.write("one", to: "a/b.txt")
        var events = try await watch().events.makeAsyncIterator()
        tree.write("two", to: "a/b.txt")
        #expect(await events.next() == .changed)
        tree.remove("a/b.txt")
        #expect(await events.next() == .changed)
        rename(tree.path + "/a", tree.path + "/c")
        #expect(await events.next() == .changed)
        tree.write("three", to: "c/d.txt")
        #expect(await events.next() == .changed)
    }

    /// A folder that is empty at first, also one that came later, is looked into.
    @Test func newFoldersAreWatched() async throws {
        mkdir(tree.path + "/empty", 0o755)
        mkdir(tree.path + "/empty/inner", 0o755)
        var events = try await watch().events.makeAsyncIterator()
        tree.write("one", to: "empty/inner/a.txt")
        #expect(await events.next() == .changed)
        mkdir(tree.path + "/later", 0o755)
        #expect(await events.next() == .changed)
        mkdir(tree.path + "/later/inner", 0o755)
        #expect(await events.next() == .changed)
        tree.write("one", to: "later/inner/a.txt")
        #expect(await events.next() == .changed)
    }

    #if os(Linux)
        @Test func whatIsIgnoredIsNot() async throws {
            tree.write("build/\n", to: ".gitignore")
            tree.write("out", to: "build/deep/a.txt")
            tree.write("out", to: "build/b.txt")
            tree.write("in", to: "a.txt")
            let watch = try await watch()
            #expect(watch.folders == 2)
            var events = watch.events.makeAsyncIterator()
            tree.write("other", to: "build/deep/a.txt")
            tree.write("other", to: "build/b.txt")
            tree.write("other", to: ".hidden")
            mkdir(tree.path + "/.git", 0o755)
            tree.write("", to: ".gitignore")
            #expect(await events.next() == .changed)
            // Now it is searched.
            tree.write("third", to: "build/deep/a.txt")
            #expect(await events.next() == .changed)
        }

        @Test func tooManyFoldersArePolled() async throws {
            tree.write("in", to: "a/a.txt")
            var events = try await watch(maximumFolders: 1).events.makeAsyncIterator()
            guard case .polling(let reason, .milliseconds(20)) = await events.next() else {
                Issue.record("it should have been said that the folder is polled")
                return
            }
            #expect(reason.contains("2 folders"))
            #expect(await events.next() == .changed)
            #expect(await events.next() == .changed)
        }

        @Test func aVanishedRootEndsTheWatch() async throws {
            let inner = TemporaryFolder()
            inner.write("in", to: "root/a.txt")
            var settings = FolderWatch.Settings()
            settings.quiet = .milliseconds(20)
            var events = try await FolderWatch.start(inner.path + "/root", settings: settings).events
                .makeAsyncIterator()
            inner.remove("root")
            var count = 0
            while let event = await events.next() {
                #expect(event == .changed)
                count += 1
            }
            #expect(count >= 1)
        }
    #endif
}
