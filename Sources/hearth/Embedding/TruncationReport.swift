// SPDX-License-Identifier: Apache-2.0
//
// One line about texts that were too long for the model.

import Terminal
import WireProtocol

struct TruncationReport {
    private var texts = 0
    private var cut = 0
    private var longest: TruncatedInput?

    init() {}

    init(of result: EmbedResult) { add(result) }

    mutating func add(_ result: EmbedResult) {
        texts += result.count
        cut += result.truncated.count
        for input in result.truncated where input.tokens > longest?.tokens ?? 0 { longest = input }
    }

    /// One line on standard error; the JSON result says more by itself.
    func show(isJSON: Bool) {
        guard let longest, !isJSON else { return }
        Output.note(
            "\(Format.count(Int64(cut))) of \(Format.count(texts, "text")) had more tokens than the model takes and "
                + "were shortened (the longest has \(Format.count(Int64(longest.tokens))), used are "
                + "\(Format.count(Int64(longest.used)))); --json says which")
    }
}
