// SPDX-License-Identifier: Apache-2.0
//
// `normalizer` in `tokenizer.json`.

import JSON

extension Normalizer {
    private static let supported = [
        "BertNormalizer", "ByteLevel", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "Precompiled", "Prepend",
        "Replace", "Sequence", "Strip", "StripAccents",
    ]

    init(_ section: FileSection) throws(TokenizerError) {
        switch try section.string("type") {
        case "BertNormalizer":
            self = .bert(
                BertNormalizer(
                    cleansText: try section.bool("clean_text"),
                    separatesIdeographs: try section.bool("handle_chinese_chars"),
                    stripsAccents: try section.optionalMember("strip_accents")?.bool(),
                    lowercases: try section.bool("lowercase")))
        case "ByteLevel": self = .byteLevel
        case "Lowercase": self = .lowercase
        case "NFC": self = .unicode(.nfc)
        case "NFD": self = .unicode(.nfd)
        case "NFKC": self = .unicode(.nfkc)
        case "NFKD": self = .unicode(.nfkd)
        case "Nmt": self = .nmt
        case "Precompiled":
            guard let rules = Base64.decode(try section.string("precompiled_charsmap")) else {
                throw .malformed("\(section.path).precompiled_charsmap is not Base64")
            }
            self = .precompiled(try PrecompiledNormalizer(rules))
        case "Prepend":
            self = .prepend(try section.string("prepend"))
        case "Replace":
            self = .replace(try section.member("pattern").regularExpression(), try section.string("content"))
        case "Strip":
            self = .strip(left: try section.bool("strip_left"), right: try section.bool("strip_right"))
        case "StripAccents": self = .stripAccents
        case "Sequence":
            var steps: [Normalizer] = []
            for step in try section.member("normalizers").elements() { steps.append(try Normalizer(step)) }
            self = .sequence(steps)
        case let type:
            throw section.unsupported(type, supported: Self.supported)
        }
    }
}
