// SPDX-License-Identifier: Apache-2.0
//
// A job that is not finished, as the engine holds it in memory.

struct ActiveJob {
    struct ActiveStep {
        var state: StepState
        var attempts: Int
        /// Failed attempts since the job was submitted or resumed.
        var failures = 0
        /// Attempts that ended because the backend wanted to be left alone.
        var limited = 0
        /// When the last attempt failed.
        var failedAt: Duration?
        var outputs: [String: String]
        var reason: String?
    }

    let file: JobFile
    var summary: JobSummary
    let environment: [String: String]
    var steps: [ActiveStep]
    /// When its first step was started by this engine.
    var beganAt: Duration?
    /// Why it is being cancelled. What runs is ended, and then only steps for which that makes no difference start.
    var cancelReason: String?
    /// Nor do they.
    var endsAll = false
    let positions: [String: Int]

    init(_ stored: StoredJob, _ file: JobFile) {
        self.file = file.copied
        summary = stored.summary
        environment = stored.environment
        steps = stored.steps.map { ActiveStep(state: $0.state, attempts: $0.attempts, outputs: $0.outputs) }
        positions = Dictionary(self.file.steps.enumerated().map { ($1.id, $0) }) { first, _ in first }
    }

    var id: String { summary.id }

    func scheduled(_ insights: [String: StepInsight]) -> ScheduledJob {
        let steps = file.steps.indices.map { index in
            let step = file.steps[index]
            let trigger: ScheduledJob.Trigger =
                switch step.condition {
                case .success: .success
                case .failure: .failure
                case .always: .always
                default: .decision
                }
            return ScheduledJob.Step(
                needs: step.needs.compactMap { positions[$0] }, trigger: trigger, backend: step.rateLimit,
                estimate: insights[step.signature]?.estimate?.inSeconds ?? 1,
                ended: ended(index))
        }
        return ScheduledJob(
            id: id, priority: summary.priority, maximumParallel: file.maximumParallel, steps: steps)
    }

    private func ended(_ step: Int) -> StepEnd? {
        switch steps[step].state {
        case .completed: .completed
        case .skipped: .skipped
        default: nil
        }
    }

    /// Which steps need not be looked at again: those that have ended well, and all before them, too. Others were run
    /// or skipped because of what became of steps that now run again.
    var done: [Bool] {
        let graph = StepGraph(file.steps)
        return graph.order.reduce(into: [Bool](repeating: false, count: steps.count)) { done, step in
            done[step] = ended(step) != nil && graph.needs[step].allSatisfy { done[$0] }
        }
    }

    func output(_ reference: OutputReference) -> String {
        positions[reference.step].flatMap { steps[$0].outputs[reference.name] } ?? ""
    }

    /// Whether a step is not, or no longer, to run.
    func isEnded(_ step: Int) -> Bool {
        cancelReason != nil && (endsAll || !file.steps[step].condition.mentionsAlways)
    }

    /// Whether the condition of a step holds, now that its needs have ended.
    func holds(_ step: Int, succeeded: Bool, failed: Bool) -> Bool {
        file.steps[step].condition.holds(
            Condition.Facts(
                succeeded: succeeded, failed: failed, output: output,
                result: { name in positions[name].map { steps[$0].state.rawValue } ?? "" }))
    }
}
