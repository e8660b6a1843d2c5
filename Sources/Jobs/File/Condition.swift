// SPDX-License-Identifier: Apache-2.0
//
// When a step runs: `success`, `failure`, `always`, or an expression such as
//
//     steps.build.outputs.changed == "yes" and not steps.lint.result == "failed"

/// A condition on the steps before.
public indirect enum Condition: Sendable, Hashable {
    /// All needs completed.
    case success
    /// A step before this one failed.
    case failure
    case always
    case equal(Operand, Operand)
    case not(Condition)
    case all([Condition])
    case any([Condition])

    public enum Operand: Sendable, Hashable {
        case text(String)
        case output(OutputReference)
        /// "completed", "failed", "skipped" or "cancelled".
        case result(step: String)
    }

    /// What a condition is judged by.
    public struct Facts {
        public var succeeded: Bool
        public var failed: Bool
        public var output: (OutputReference) -> String
        public var result: (String) -> String

        public init(
            succeeded: Bool, failed: Bool, output: @escaping (OutputReference) -> String,
            result: @escaping (String) -> String
        ) {
            self.succeeded = succeeded
            self.failed = failed
            self.output = output
            self.result = result
        }
    }

    /// Whether the step runs. An expression that names none of `success`, `failure` and `always` holds only after
    /// success.
    public func holds(_ facts: Facts) -> Bool {
        (mentionsStatus || facts.succeeded) && value(facts)
    }

    private func value(_ facts: Facts) -> Bool {
        func text(_ operand: Operand) -> String {
            switch operand {
            case .text(let text): text
            case .output(let reference): facts.output(reference)
            case .result(let step): facts.result(step)
            }
        }
        return switch self {
        case .success: facts.succeeded
        case .failure: facts.failed
        case .always: true
        case .equal(let one, let other): text(one) == text(other)
        case .not(let condition): !condition.value(facts)
        case .all(let conditions): conditions.allSatisfy { $0.value(facts) }
        case .any(let conditions): conditions.contains { $0.value(facts) }
        }
    }

    /// Words that say what became of the needs, as against values.
    var mentionsStatus: Bool {
        switch self {
        case .success, .failure, .always: true
        case .equal: false
        case .not(let condition): condition.mentionsStatus
        case .all(let conditions), .any(let conditions): conditions.contains(where: \.mentionsStatus)
        }
    }

    /// Whether it is asked for also when the job is cancelled.
    var mentionsAlways: Bool {
        switch self {
        case .always: true
        case .success, .failure, .equal: false
        case .not(let condition): condition.mentionsAlways
        case .all(let conditions), .any(let conditions): conditions.contains(where: \.mentionsAlways)
        }
    }

    /// Outputs it looks at.
    public var references: [OutputReference] {
        operands.compactMap { if case .output(let reference) = $0 { reference } else { nil } }
    }

    /// Steps it looks at.
    public var steps: [String] {
        operands.compactMap {
            switch $0 {
            case .text: nil
            case .output(let reference): reference.step
            case .result(let step): step
            }
        }
    }

    private var operands: [Operand] {
        switch self {
        case .success, .failure, .always: []
        case .equal(let one, let other): [one, other]
        case .not(let condition): condition.operands
        case .all(let conditions), .any(let conditions): conditions.flatMap(\.operands)
        }
    }
}
