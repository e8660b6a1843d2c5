// SPDX-License-Identifier: Apache-2.0
//
// Job files in memory of their own. What was made while a file was read lies
// between the remains of the reading, and would keep all of that memory.

extension JobFile {
    /// The same, with nothing in common with this one.
    var copied: JobFile {
        JobFile(
            name: name.copied, description: description?.copied, priority: priority,
            environment: environment.copied, workingDirectory: workingDirectory?.copied,
            maximumParallel: maximumParallel, key: key?.copied, steps: steps.map(\.copied))
    }
}

extension Step {
    fileprivate var copied: Step {
        Step(
            id: id.copied, action: action.copied, needs: needs.map(\.copied), condition: condition, timeout: timeout,
            retries: retries, rateLimit: rateLimit?.copied, environment: environment.copied,
            workingDirectory: workingDirectory?.copied, outputs: outputs.map(\.copied), line: line)
    }
}

extension Step.Action {
    fileprivate var copied: Step.Action {
        switch self {
        case .shell(let line): .shell(line.copied)
        case .command(let arguments): .command(arguments.map(\.copied))
        // Few and far between.
        case .embed, .sync, .rerank: self
        }
    }
}

extension Template {
    fileprivate var copied: Template {
        Template(
            parts: parts.map { part in
                switch part {
                case .text(let text): .text(text.copied)
                case .output(let reference):
                    .output(OutputReference(step: reference.step.copied, name: reference.name.copied))
                }
            })
    }
}

extension [String: Template] {
    fileprivate var copied: [String: Template] {
        isEmpty ? [:] : Dictionary(uniqueKeysWithValues: map { ($0.key.copied, $0.value.copied) })
    }
}

extension String {
    fileprivate var copied: String { String(decoding: Array(utf8), as: UTF8.self) }
}
