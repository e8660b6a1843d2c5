// SPDX-License-Identifier: Apache-2.0

import Jobs
import Testing

@Suite struct JobPlanTests {
    private let text = """
        name: build
        max_parallel: 2
        steps:
          - {id: fetch, run: x, rate_limit: hub, retries: 2}
          - {id: left, run: y, needs: [fetch]}
          - {id: right, run: y, needs: [fetch]}
          - {id: middle, run: y, needs: [fetch]}
          - {id: join, run: [a, b], needs: [left, right, middle], when: always}
        """

    @Test func wavesPathAndTimes() throws {
        let seconds = ["fetch": 10, "left": 5, "right": 20, "middle": 8, "join": 1]
        let plan = JobPlan(try job(text), parallel: 8) { seconds[$0.id].map { .seconds($0) } }
        #expect(plan.waves.map { $0.map(\.id) } == [["fetch"], ["left", "right", "middle"], ["join"]])
        #expect(plan.criticalPath == ["fetch", "right", "join"] && plan.criticalTime == .seconds(31))
        // Two at once: right 20 beside middle 8 and left 5.
        #expect(plan.maximumParallel == 2 && plan.totalTime == .seconds(31) && plan.unknownSteps == 0)
        let alone = JobPlan(try job(text), parallel: 1) { seconds[$0.id].map { .seconds($0) } }
        #expect(alone.totalTime == .seconds(44))
    }

    @Test func drawing() throws {
        let plan = JobPlan(try job(text), parallel: 8) { $0.id == "fetch" ? .milliseconds(12_300) : nil }
        #expect(
            plan.drawing() == """
                build  (priority 5, up to 2 at once)
                ┌ wave 1
                │ ● fetch   12.3s     x
                │   shares 'hub', 3 attempts
                ├ wave 2
                │ ● left    ?         y
                │   after fetch
                │ ○ right   ?         y
                │   after fetch
                │ ○ middle  ?         y
                │   after fetch
                ├ wave 3
                │ ● join    ?         a b
                │   after left, right, middle, when always
                └ 5 steps
                critical path: fetch → left → join  (at least 12.3s)
                expected: at least 12.3s
                4 of the steps have not run before, their time is not known

                """)
    }

    @Test func longChainsAreNoTrouble() {
        let graph = StepGraph(needs: (0..<20_000).map { $0 == 0 ? [] : [$0 - 1] })
        #expect(graph.order == Array(0..<20_000) && graph.depth.last == 19_999)
    }
}
