// SPDX-License-Identifier: Apache-2.0
//
// `post_processor` in `tokenizer.json`.

extension PostProcessor {
    init(_ section: FileSection) throws(TokenizerError) {
        switch try section.string("type") {
        case "TemplateProcessing":
            let specials = try section.member("special_tokens")
            self.init(
                single: try Self.pieces(try section.member("single"), specials, allowsSecond: false),
                pair: try Self.pieces(try section.member("pair"), specials, allowsSecond: true))
        case "BertProcessing":
            let first = try Self.token(try section.member("cls"))
            let separator = try Self.token(try section.member("sep"))
            self = .bert(first: first, separator: separator)
        case "RobertaProcessing":
            let first = Piece.special([try Self.token(try section.member("cls"))], typeID: 0)
            let separator = Piece.special([try Self.token(try section.member("sep"))], typeID: 0)
            let trims = try section.bool("trim_offsets")
            let addsPrefixSpace = try section.bool("add_prefix_space")
            self.init(
                single: [first, .first(typeID: 0), separator],
                pair: [first, .first(typeID: 0), separator, separator, .second(typeID: 0), separator],
                trimmings: trims ? [OffsetTrimming(keepsOneLeadingSpace: addsPrefixSpace)] : [])
        case "ByteLevel":
            let trims = try section.bool("trim_offsets")
            let addsPrefixSpace = try section.bool("add_prefix_space")
            self.init(
                single: Self.plain.single, pair: Self.plain.pair,
                trimmings: trims ? [OffsetTrimming(keepsOneLeadingSpace: addsPrefixSpace)] : [])
        case "Sequence":
            self = try Self.sequence(section)
        case let type:
            let supported = ["BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence", "TemplateProcessing"]
            throw section.unsupported(type, supported: supported)
        }
    }

    /// Post-processors of which one at most adds tokens.
    private static func sequence(_ section: FileSection) throws(TokenizerError) -> PostProcessor {
        var result = PostProcessor.plain
        for element in try section.member("processors").elements() {
            let step = try PostProcessor(element)
            let isPlain = step.single == plain.single && step.pair == plain.pair
            guard isPlain || (result.single == plain.single && result.pair == plain.pair) else {
                throw element.unsupported("\(try element.string("type")) after another one", supported: ["ByteLevel"])
            }
            result = PostProcessor(
                single: isPlain ? result.single : step.single, pair: isPlain ? result.pair : step.pair,
                trimmings: result.trimmings + step.trimmings)
        }
        return result
    }

    /// A token and its id, written as `["[SEP]", 102]`.
    private static func token(_ section: FileSection) throws(TokenizerError) -> Int32 {
        let elements = try section.elements()
        guard elements.count == 2 else { throw .malformed("\(section.path) is not a token and its id") }
        _ = try elements[0].string()
        return try elements[1].count()
    }

    private static func pieces(
        _ section: FileSection, _ specials: FileSection, allowsSecond: Bool
    ) throws(TokenizerError) -> [Piece] {
        var pieces: [Piece] = []
        for element in try section.elements() {
            if let special = try element.optionalMember("SpecialToken") {
                let typeID = try special.count("type_id")
                var ids: [Int32] = []
                for id in try specials.member(try special.string("id")).member("ids").elements() {
                    ids.append(try id.count())
                }
                pieces.append(.special(ids, typeID: typeID))
            } else {
                let sequence = try element.member("Sequence")
                let typeID = try sequence.count("type_id")
                switch try sequence.string("id") {
                case "A": pieces.append(.first(typeID: typeID))
                case "B" where allowsSecond: pieces.append(.second(typeID: typeID))
                case let id: throw .malformed("\(sequence.path).id is '\(id)'")
                }
            }
        }
        return pieces
    }
}
