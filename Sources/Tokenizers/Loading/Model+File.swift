// SPDX-License-Identifier: Apache-2.0
//
// `model` in `tokenizer.json`.

import JSON

extension Model {
    init(_ model: TokenizerFile.ModelSection) throws(TokenizerError) {
        let section = FileSection("model", .object(model.members))
        switch try Self.type(section, model) {
        case "WordPiece":
            self = .wordPiece(
                try WordPiece(
                    vocabulary: try Self.vocabulary(model),
                    unknownToken: try section.string("unk_token"),
                    continuingPrefix: try section.string("continuing_subword_prefix"),
                    maximumScalars: Int(try section.count("max_input_chars_per_word"))))
        case "BPE":
            self = .bpe(try BPE(section, try Self.vocabulary(model), model.merges))
        case "Unigram":
            guard var tokens = model.scoredTokens else { throw .malformed("model.vocab is missing or not an array") }
            tokens.index()
            self = .unigram(
                try Unigram(
                    tokens, unknownID: try section.optionalMember("unk_id")?.count(),
                    fallsBackToBytes: try section.optionalMember("byte_fallback")?.bool() ?? false))
        case "WordLevel":
            self = .wordLevel(
                try WordLevel(vocabulary: try Self.vocabulary(model), unknownToken: try section.string("unk_token")))
        case let type:
            throw section.unsupported(type, supported: ["BPE", "Unigram", "WordLevel", "WordPiece"])
        }
    }

    private static func vocabulary(_ model: TokenizerFile.ModelSection) throws(TokenizerError) -> Vocabulary {
        guard var vocabulary = model.vocabulary else {
            throw .malformed("model.vocab is missing or not an object")
        }
        if let id = vocabulary.indexIDs() { throw .malformed("two tokens of model.vocab have the id \(id)") }
        return vocabulary
    }

    /// Files of old versions do not say which model they hold; only WordPiece has a limit to its words, only BPE
    /// has merges, and only Unigram an unknown token without a name.
    private static func type(
        _ section: FileSection, _ model: TokenizerFile.ModelSection
    ) throws(TokenizerError) -> String {
        if let type = try section.optionalMember("type") { return try type.string() }
        if model.merges != nil { return "BPE" }
        if model.scoredTokens != nil { return "Unigram" }
        return try section.optionalMember("max_input_chars_per_word") == nil ? "(not given)" : "WordPiece"
    }
}

extension BPE {
    init(_ section: FileSection, _ vocabulary: Vocabulary, _ merges: MergeList?) throws(TokenizerError) {
        guard let merges else { throw .malformed("model.merges is missing") }
        if let dropout = try section.optionalMember("dropout"), dropout.value.double != 0 {
            throw dropout.unsupported("\(dropout.value.double ?? .nan)", supported: ["null"])
        }
        var options = Options()
        // The reference misses an unknown token only once it needs one, and many files name one in vain.
        if let unknown = try section.optionalMember("unk_token")?.string() {
            options.unknownID = vocabulary.id(of: Array(unknown.utf8))
        }
        options.fusesUnknown = try section.optionalMember("fuse_unk")?.bool() ?? false
        options.fallsBackToBytes = try section.optionalMember("byte_fallback")?.bool() ?? false
        options.ignoresMerges = try section.optionalMember("ignore_merges")?.bool() ?? false
        options.continuingPrefix = try section.optionalMember("continuing_subword_prefix")?.string() ?? ""
        options.endOfWordSuffix = try section.optionalMember("end_of_word_suffix")?.string() ?? ""
        self.init(
            vocabulary: vocabulary,
            merges: try merges.table(vocabulary, prefix: Array(options.continuingPrefix.utf8)), options: options)
    }
}
