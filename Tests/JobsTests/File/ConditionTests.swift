// SPDX-License-Identifier: Apache-2.0

import Jobs
import Testing

@Suite struct ConditionTests {
    private func condition(_ text: String) throws -> Condition {
        let quoted = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return try job(
            """
            name: a
            steps:
              - {id: b, run: x, outputs: [n, m]}
              - {id: last, run: x, needs: [b], when: "\(quoted)"}
            """
        ).steps[1].condition
    }

    private func holds(_ text: String, succeeded: Bool = true, failed: Bool = false) throws -> Bool {
        try condition(text).holds(
            Condition.Facts(
                succeeded: succeeded, failed: failed, output: { $0.name == "n" ? "yes" : "" },
                result: { _ in failed ? "failed" : "completed" }))
    }

    @Test(arguments: [
        "success", "always", "steps.b.outputs.n == \"yes\"", "steps.b.outputs.n == 'yes' and not failure",
        "steps.b.outputs.n != \"no\" && (failure or success)", "!(steps.b.outputs.m == 'x') || failure",
        "steps.b.result == 'completed'", "steps.b.outputs.m == \"\"",
    ])
    func true_(text: String) throws { #expect(try holds(text)) }

    @Test(arguments: ["failure", "steps.b.outputs.n == \"no\"", "not always", "success and failure"])
    func false_(text: String) throws { #expect(try !holds(text)) }

    @Test func withoutAStatusWordItWantsSuccess() throws {
        #expect(try !holds("steps.b.outputs.n == 'yes'", succeeded: false, failed: true))
        #expect(try holds("failure and steps.b.outputs.n == 'yes'", succeeded: false, failed: true))
        #expect(try holds("always and steps.b.result == 'failed'", succeeded: false, failed: true))
    }

    @Test func printsWhatItRead() throws {
        let text =
            "(failure or success) and steps.b.outputs.n != \"x\" and not (steps.b.result == \"failed\" or always)"
        #expect(try condition(text).summary == text)
    }

    @Test(arguments: [
        ("sucess", "at character 1: 'sucess' is no value"), ("a = b", "'=' is no operator"),
        ("steps.b.outputs.n", "expected '==' or '!=', found the end"), ("(success", "expected ')'"),
        ("success success", "expected 'and', 'or' or the end, found 'success'"), ("'x", "without its closing"),
        ("success and", "found the end"), ("steps.b.outputs == 1", "no value"), ("$x", "means nothing"),
        (String(repeating: "not ", count: 100) + "success", "levels deep"),
    ])
    func mistakesAreTold(text: String, words: String) {
        #expect {
            _ = try condition(text)
        } throws: {
            "\($0)".contains(words)
        }
    }
}
