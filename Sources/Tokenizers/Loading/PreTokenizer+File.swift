// SPDX-License-Identifier: Apache-2.0
//
// `pre_tokenizer` in `tokenizer.json`.

extension PreTokenizer {
    private static let supported = [
        "BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Digits", "Metaspace", "Punctuation", "Sequence",
        "Split", "Whitespace", "WhitespaceSplit",
    ]

    init(_ section: FileSection) throws(TokenizerError) {
        switch try section.string("type") {
        case "BertPreTokenizer":
            self = .bert
        case "ByteLevel":
            _ = try section.bool("trim_offsets")
            self = .byteLevel(
                try ByteLevel(
                    addsPrefixSpace: try section.bool("add_prefix_space"),
                    splitsWords: try section.optionalMember("use_regex")?.bool() ?? true))
        case "CharDelimiterSplit":
            self = .characters(CharacterSplit(at: .scalar(try section.member("delimiter").scalar().value), .removed))
        case "Digits":
            let behavior: SplitBehavior = try section.bool("individual_digits") ? .isolated : .contiguous
            self = .characters(CharacterSplit(at: .numeric, behavior))
        case "Metaspace":
            self = .metaspace(try Metaspace(section))
        case "Punctuation":
            let behavior = try section.optionalMember("behavior")?.splitBehavior() ?? .isolated
            self = .characters(CharacterSplit(at: .punctuation, behavior))
        case "Sequence":
            var steps: [PreTokenizer] = []
            for step in try section.member("pretokenizers").elements() { steps.append(try PreTokenizer(step)) }
            self = .sequence(steps)
        case "Split":
            self = .pattern(
                PatternSplit(
                    expression: try section.member("pattern").regularExpression(),
                    behavior: try section.member("behavior").splitBehavior(),
                    isInverted: try section.bool("invert")))
        case "Whitespace":
            self = .whitespace
        case "WhitespaceSplit":
            self = .characters(CharacterSplit(at: .whitespace, .removed))
        case let type:
            throw section.unsupported(type, supported: Self.supported)
        }
    }
}

extension Metaspace {
    init(_ section: FileSection) throws(TokenizerError) {
        let scheme = try section.optionalMember("prepend_scheme")?.string() ?? Prefix.always.rawValue
        guard var prefix = Prefix(rawValue: scheme) else {
            throw .malformed("\(section.path).prepend_scheme is '\(scheme)'")
        }
        // Files of old versions have this instead.
        if try section.optionalMember("add_prefix_space")?.bool() == false {
            guard try section.optionalMember("prepend_scheme") == nil || prefix == .never else {
                throw .malformed("\(section.path).add_prefix_space contradicts prepend_scheme")
            }
            prefix = .never
        }
        self.init(
            replacement: try section.member("replacement").scalar(), prefix: prefix,
            splitsWords: try section.optionalMember("split")?.bool() ?? true)
    }
}

extension FileSection {
    fileprivate func splitBehavior() throws(TokenizerError) -> SplitBehavior {
        let name = try string()
        guard let behavior = SplitBehavior(rawValue: name) else {
            throw .malformed("\(path) is '\(name)', not one of \(SplitBehavior.allCases.map(\.rawValue))")
        }
        return behavior
    }

    /// A string of one Unicode scalar.
    fileprivate func scalar() throws(TokenizerError) -> Unicode.Scalar {
        let scalars = Array(try string().unicodeScalars)
        guard scalars.count == 1 else { throw .malformed("\(path) is not one character") }
        return scalars[0]
    }

    /// A pattern: `{"String": "..."}` or `{"Regex": "..."}`.
    func regularExpression() throws(TokenizerError) -> RegularExpression {
        if let literal = try optionalMember("String")?.string() { return try RegularExpression(literal: literal) }
        return try RegularExpression(try string("Regex"))
    }
}
