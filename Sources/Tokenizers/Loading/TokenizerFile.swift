// SPDX-License-Identifier: Apache-2.0
//
// The JSON of `tokenizer.json`. The vocabulary, which is nearly all of it, is
// read without building a tree.

import JSON

struct TokenizerFile {
    /// The members of `model`, with the vocabulary and the merges apart.
    struct ModelSection {
        var members = JSONObject()
        var vocabulary: Vocabulary?
        var merges: MergeList?
        var scoredTokens: ScoredTokenList?
    }

    /// The sections that say how to tokenize, but for the model.
    private(set) var sections = JSONObject()
    private(set) var model = ModelSection()

    init(_ json: [UInt8]) throws(JSONError) {
        var reader = JSONReader(json)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "model": model = try ModelSection(&reader)
            case "version", "added_tokens", "normalizer", "pre_tokenizer", "post_processor":
                sections[key] = try reader.readValue()
            default: try reader.skipValue()
            }
        }
        try reader.finish()
    }
}

extension TokenizerFile.ModelSection {
    init(_ reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "vocab" where try reader.peek() == .object: vocabulary = try Vocabulary(&reader)
            case "vocab" where try reader.peek() == .array: scoredTokens = try ScoredTokenList(&reader)
            case "merges" where try reader.peek() == .array: merges = try MergeList(&reader)
            case "type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "dropout", "fuse_unk",
                "byte_fallback", "ignore_merges", "end_of_word_suffix", "unk_id":
                members[key] = try reader.readValue()
            default: try reader.skipValue()
            }
        }
    }
}

extension Vocabulary {
    /// Reads an object of tokens and their ids. Of equal tokens, the last one counts.
    init(_ reader: inout JSONReader) throws(JSONError) {
        self.init(minimumCapacity: 1 << 15)
        try reader.beginObject()
        while try insert({ (bytes: inout [UInt8]) throws(JSONError) -> Int32? in
            guard try reader.nextKey(appendingUTF8To: &bytes) else { return nil }
            let id = try reader.readInteger()
            guard let id = Int32(exactly: id), id >= 0 else {
                throw JSONError("a token's id is \(id), not from 0 to \(Int32.max)", offset: reader.position)
            }
            return id
        }) {}
    }
}
