// SPDX-License-Identifier: Apache-2.0
//
// `normalizer` in `tokenizer.json`.

extension Normalizer {
    init(_ section: FileSection) throws(TokenizerError) {
        switch try section.string("type") {
        case "BertNormalizer":
            self = .bert(
                BertNormalizer(
                    cleansText: try section.bool("clean_text"),
                    separatesIdeographs: try section.bool("handle_chinese_chars"),
                    stripsAccents: try section.optionalMember("strip_accents")?.bool(),
                    lowercases: try section.bool("lowercase")))
        case "Sequence":
            var steps: [Normalizer] = []
            for step in try section.member("normalizers").elements() { steps.append(try Normalizer(step)) }
            self = .sequence(steps)
        case let type:
            throw section.unsupported(type, supported: ["BertNormalizer", "Sequence"])
        }
    }
}
