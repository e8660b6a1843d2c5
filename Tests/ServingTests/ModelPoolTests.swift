// SPDX-License-Identifier: Apache-2.0
//
// Models come on first use, stay within bounds and leave without a trace.

import Inference
import Serving
import Synchronization
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("Model pool")
struct ModelPoolTests {
    @Test func aModelIsLoadedOnceHoweverManyAsk() async throws {
        let pool = Fixture.pool()
        try await withThrowingTaskGroup { group in
            for _ in 0..<50 {
                group.addTask {
                    let model = try await pool.acquire(nil)
                    pool.release(model)
                }
            }
            try await group.waitForAll()
        }
        #expect(pool.figures.loads == 1)
        let status = try #require(pool.statuses().first)
        #expect(status.state == .ready)
        #expect(status.uses == 50)
        #expect(status.users == 0)
        let model = try #require(status.model)
        #expect(model.mappedBytes + model.privateBytes > 0)
    }

    @Test func whatCannotBeLoadedIsNotTriedByEveryCaller() async throws {
        let pool = Fixture.pool(ModelLimits(failureMemory: .seconds(600)))
        let folder = TemporaryFolder()
        folder.write("{", to: "config.json")
        for _ in 0..<20 {
            let error = await #expect(throws: ServingError.self) { try await pool.acquire(folder.path) }
            #expect(error?.code == .modelLoadFailed)
        }
        #expect(pool.figures.loads == 1)
        #expect(pool.statuses().map(\.state) == [.failed])
        // Asked for by name it is, and when its files change.
        await #expect(throws: ServingError.self) { try await pool.load(folder.path) }
        #expect(pool.figures.loads == 2)
        folder.write("{ }", to: "config.json")
        await #expect(throws: ServingError.self) { try await pool.acquire(folder.path) }
        #expect(pool.figures.loads == 3)
    }

    @Test func aModelThatNobodyHasIsNotFound() async throws {
        let error = await #expect(throws: ServingError.self) { try await Fixture.pool().acquire("nothing") }
        #expect(error?.code == .modelNotFound)
    }

    @Test func whatIsUsedOrPinnedStaysWhateverTheBudget() async throws {
        let pool = Fixture.pool(ModelLimits(memoryBudget: 1))
        let used = try await pool.acquire("tiny-sentence")
        try await pool.load("tiny-plain", pins: true)
        try await pool.load("tiny-static")
        #expect(Set(pool.residents().ready.map(\.id)) == ["tiny-sentence", "tiny-plain"])
        pool.release(used)
        #expect(pool.residents().ready.map(\.id) == ["tiny-plain"])
        #expect(pool.statuses().first?.isPinned == true)
        try pool.pin("tiny-plain", false)
        #expect(pool.residents().ready.isEmpty)
    }

    @Test func aModelIsLetGoOfWhenItsTimeIsUp() async throws {
        let pool = Fixture.pool(ModelLimits(keepAlive: .idle(.milliseconds(1))))
        try await pool.load(nil)
        await until { pool.residents().ready.isEmpty }
        #expect(pool.residents().ready.isEmpty)
        #expect(pool.figures.evictions == 1)
        try await pool.load(nil, keepAlive: .untilNeeded)
        #expect(pool.statuses().first?.expiry == nil)
    }

    @Test func newLimitsHoldForModelsThatAreResident() async throws {
        let pool = Fixture.pool()
        for name in ["tiny-sentence", "tiny-plain", "tiny-static"] { try await pool.load(name) }
        try pool.pin("tiny-static", true)
        pool.apply(ModelLimits(memoryBudget: 1 << 40))
        #expect(pool.residents().ready.count == 3)
        pool.apply(ModelLimits(memoryBudget: 1))
        #expect(pool.residents().ready.map(\.id) == ["tiny-static"])
        try pool.pin("tiny-static", false)
        pool.apply(ModelLimits())
        try await pool.load("tiny-plain")
        #expect(pool.statuses().allSatisfy { $0.expiry == nil })
        pool.apply(ModelLimits(keepAlive: .idle(.milliseconds(1))))
        await until { pool.residents().ready.isEmpty }
        #expect(pool.residents().ready.isEmpty)
    }

    @Test func aNewDefaultModelCountsWithTheLimits() async throws {
        let name = Mutex("tiny-sentence")
        let pool = Fixture.pool(default: { name.withLock { $0 } })
        pool.release(try await pool.acquire(nil))
        name.withLock { $0 = "tiny-plain" }
        pool.apply(ModelLimits())
        let model = try await pool.acquire(nil)
        #expect(model.id == "tiny-plain")
        pool.release(model)
    }

    @Test func theEmbeddedModelStandsInOnlyUntilTheOtherIsThere() async throws {
        let isInstalled = Mutex(false)
        let pool = Fixture.pool(default: { isInstalled.withLock { $0 } ? "tiny-sentence" : ModelLocation.embedded.id })
        for expected in ["hearth-static", "hearth-static", "tiny-sentence"] {
            let model = try await pool.acquire(nil)
            #expect(model.id == expected)
            pool.release(model)
            isInstalled.withLock { $0 = pool.statuses().first?.uses == 2 }
        }
    }

    @Test func whoWaitedForAModelGetsItHoweverShortItStays() async throws {
        let pool = Fixture.pool(ModelLimits(memoryBudget: 1, keepAlive: .idle(.zero), arrivalGrace: .seconds(600)))
        for _ in 0..<20 {
            let model = try await pool.acquire(nil)
            pool.release(model)
            #expect(pool.residents().ready.isEmpty)
        }
        #expect(pool.figures.loads == 20)
    }

    @Test func unloadingWaitsForThoseWhoComputeWithIt() async throws {
        let pool = Fixture.pool()
        let model = try await pool.acquire(nil)
        #expect(try pool.unload(nil))
        #expect(try !pool.unload(nil))
        #expect(pool.residents().ready.isEmpty)
        guard case .embedder(let embedder) = model.model else { return }
        #expect(try embedder.tokenize("still here").used > 0)
        pool.release(model)
        let again = try await pool.acquire(nil)
        pool.release(again)
        #expect(pool.figures.loads == 2)
    }

    @Test func theInstantModelAnswersUnderItsOwnName() async throws {
        let pool = Fixture.pool(instant: "tiny-static")
        let service = EmbedService(models: pool, threads: ComputeThreads(count: 1))
        try await pool.load("tiny-static")
        var request = EmbedRequest(.texts(["quick"]))
        request.allowsInstant = true
        let first = try await service.embed(request)
        #expect(first.model == "tiny-static")
        await until { pool.residents().ready.count == 2 }
        let second = try await service.embed(request)
        #expect(second.model == "tiny-sentence")
        #expect(first.spaceID != second.spaceID)
        #expect(try pool.unload("tiny-sentence"))
        request.expectedSpace = second.spaceID
        #expect(try await service.embed(request).model == "tiny-sentence")
    }

    @Test func waitingForALoadEndsAtTheDeadline() async throws {
        let pool = Fixture.pool()
        let error = await #expect(throws: ServingError.self) {
            try await pool.acquire(nil, deadline: .now - .seconds(1))
        }
        #expect(error?.code == .deadlineExceeded)
        await until { pool.residents().ready.count == 1 }
    }

    @Test func aRerankerHasNoVectors() async throws {
        let service = EmbedService(models: Fixture.pool(), threads: ComputeThreads(count: 1))
        var request = EmbedRequest(.texts(["text"]))
        request.model = "tiny-cross"
        let asked = request
        let error = await #expect(throws: ServingError.self) { try await service.embed(asked) }
        #expect(error?.code == .invalidRequest)
    }

    #if os(Linux)
        @Test func memoryComesBack() async throws {
            let pool = Fixture.pool()
            func cycle() async throws {
                try await pool.load(nil)
                _ = try pool.unload(nil)
            }
            for _ in 0..<20 { try await cycle() }
            let before = try residentBytes()
            for _ in 0..<200 { try await cycle() }
            let after = try residentBytes()
            // Other tests run in this process meanwhile; 200 models that stayed would be 60 MB.
            #expect(after - before < 24 << 20)
        }

        private func residentBytes() throws -> Int {
            let text = try #require(readText("/proc/self/statm"))
            let pages = text.split(separator: " ").compactMap { Int($0) }
            return pages[1] * Int(sysconf(Int32(_SC_PAGESIZE)))
        }
    #endif
}
