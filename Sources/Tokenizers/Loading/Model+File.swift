// SPDX-License-Identifier: Apache-2.0
//
// `model` in `tokenizer.json`.

import JSON

extension Model {
    init(_ model: TokenizerFile.ModelSection) throws(TokenizerError) {
        let section = FileSection("model", .object(model.members))
        switch try Self.type(section) {
        case "WordPiece":
            guard var vocabulary = model.vocabulary else {
                throw .malformed("model.vocab is missing or not an object")
            }
            if let id = vocabulary.indexIDs() { throw .malformed("two tokens of model.vocab have the id \(id)") }
            self = .wordPiece(
                try WordPiece(
                    vocabulary: vocabulary,
                    unknownToken: try section.string("unk_token"),
                    continuingPrefix: try section.string("continuing_subword_prefix"),
                    maximumScalars: Int(try section.count("max_input_chars_per_word"))))
        case let type:
            throw section.unsupported(type, supported: ["WordPiece"])
        }
    }

    /// Files of old versions do not say which model they hold; only WordPiece has a limit to its words.
    private static func type(_ section: FileSection) throws(TokenizerError) -> String {
        if let type = try section.optionalMember("type") { return try type.string() }
        return try section.optionalMember("max_input_chars_per_word") == nil ? "(not given)" : "WordPiece"
    }
}
