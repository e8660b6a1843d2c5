// SPDX-License-Identifier: Apache-2.0
//
// A clock on the wall that somebody sets again and again: only what people are shown depends on it.

import Jobs
import Synchronization
import TestSupport
import Testing

/// Jumps by hours, forward and back, whenever it is looked at.
private final class JumpingClock: Sendable {
    private let random = Mutex(SeededGenerator(seed: 7))

    var now: Int64 {
        1_700_000_000_000 + random.withLock { Int64.random(in: -18_000_000...18_000_000, using: &$0) }
    }
}

@Suite(.timeLimit(.minutes(5))) struct ClockTests {
    @Test func jumpsChangeNeitherOrderNorWaitsNorLengths() async throws {
        let clock = JumpingClock()
        let test = try TestEngine(steps: 2, history: 4, wallClock: { clock.now })
        let start = ContinuousClock.now
        let details = try await test.run(
            """
            name: a
            steps:
              - {id: timeout, run: [sleep, "1000"], timeout: 300ms}
              - {id: retries, run: 'test "$HEARTH_ATTEMPT" = 3', retries: {max: 2, backoff: 150ms, max_delay: 150ms}}
              - id: limit
                run: 'test "$HEARTH_ATTEMPT" = 2 || { echo "hearth: limited, retry after 0.3"; exit 1; }'
                rate_limit: hub
            """, file: "first.yaml")
        #expect(ContinuousClock.now - start >= .milliseconds(300))
        #expect(details.states == [.failed, .completed, .completed])
        #expect(details["timeout"].exit?.outcome == .timedOut)
        for step in details.steps {
            let began = try #require(step.startedAt)
            #expect(try #require(step.finishedAt) >= began)
            for attempt in try await test.engine.attempts("first", step: step.id) {
                let length = try #require(attempt.finishedAt) - attempt.startedAt
                // Between what it must take and an hour, which no jump of this clock is below.
                #expect((step.id == "timeout" ? 300 : 0) <= length && length < 3_600_000, "\(step.id): \(length) ms")
            }
        }
        let length = try #require(details.job.finishedAt) - (try #require(details.job.startedAt))
        #expect(300 <= length && length < 3_600_000)
        // The newest first; and the first to be forgotten are those that ended first.
        for name in ["b", "c", "d", "e", "f"] {
            _ = try await test.run("name: a\nsteps: [{id: x, run: \"true\"}]", file: "\(name).yaml")
        }
        #expect(try await test.engine.history().map(\.id) == ["f", "e", "d", "c"])
        // What waits is taken up by the next engine in the order in which it came.
        let long = try await test.submit("name: a\nsteps: [{id: x, run: sleep 1000}, {id: y, run: sleep 1000}]")
        for number in 0..<6 {
            _ = try await test.submit(
                "name: a\nsteps: [{id: x, run: echo \(number) >> order}]", file: "q\(number).yaml")
        }
        await test.engine.shutdown(within: .zero)
        let next = try TestEngine(in: test.home, steps: 1, wallClock: { clock.now })
        #expect(try await next.engine.list([.queued, .running]).map(\.id).suffix(1) == [long])
        try await next.engine.cancel(long)
        for number in 0..<6 { _ = try await next.engine.wait("q\(number)") }
        #expect(test.home.text(of: "order") == "0\n1\n2\n3\n4\n5\n")
        await next.end()
    }

    /// - Parameter jump: seconds by which the clock is set between two engines.
    @Test(arguments: [0, -10_000, 10_000])
    func limitsOutlastARestartButNoMoreThanAnHour(jump: Int) async throws {
        let test = try TestEngine(wallClock: { 1_700_000_000_000 })
        let events = test.engine.events()
        _ = try await test.submit(
            """
            name: a
            steps: [{id: x, run: 'echo hearth: limited, retry after 900; exit 75', rate_limit: hub}]
            """)
        for await event in events { if case .limited = event.change { break } }
        await test.engine.shutdown(within: .zero)
        let next = try TestEngine(in: test.home, wallClock: { 1_700_000_000_000 + 1000 * Int64(jump) })
        let left = try await next.engine.statistics().limits["hub"]
        switch jump {
        case 0: #expect(left.map { $0 > 600 && $0 <= 901 } == true)
        case ..<0: #expect(left.map { $0 > 3000 && $0 <= 3600 } == true)
        default: #expect(left == nil)
        }
        #expect(try await next.engine.list([.queued, .running]).count == 1 || jump > 0)
        await next.end()
    }
}
