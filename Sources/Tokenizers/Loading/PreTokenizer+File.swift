// SPDX-License-Identifier: Apache-2.0
//
// `pre_tokenizer` in `tokenizer.json`.

extension PreTokenizer {
    init(_ section: FileSection) throws(TokenizerError) {
        switch try section.string("type") {
        case "BertPreTokenizer":
            self = .bert
        case "Sequence":
            var steps: [PreTokenizer] = []
            for step in try section.member("pretokenizers").elements() { steps.append(try PreTokenizer(step)) }
            self = .sequence(steps)
        case let type:
            throw section.unsupported(type, supported: ["BertPreTokenizer", "Sequence"])
        }
    }
}
