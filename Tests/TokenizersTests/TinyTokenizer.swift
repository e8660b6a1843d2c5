// SPDX-License-Identifier: Apache-2.0
//
// Small tokenizers for tests of single rules.

import JSON
import Tokenizers

enum TinyTokenizer {
    static let specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

    static let bert: JSONValue = [
        "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": nil,
        "lowercase": true,
    ]

    static func json(
        _ words: [String], normalizer: JSONValue = bert, preTokenizer: JSONValue = ["type": "BertPreTokenizer"],
        postProcessor: JSONValue = nil, added: [JSONValue] = []
    ) -> JSONValue {
        let tokens = (specials + words).enumerated()
            .map { JSONObject.Member(key: $1, value: .integer(Int64($0))) }
        return [
            "version": "1.0", "truncation": nil, "padding": nil, "added_tokens": .array(added),
            "normalizer": normalizer, "pre_tokenizer": preTokenizer, "post_processor": postProcessor, "decoder": nil,
            "model": [
                "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100, "vocab": .object(JSONObject(tokens)),
            ],
        ]
    }

    static func added(
        _ content: String, singleWord: Bool = false, left: Bool = false, right: Bool = false, normalized: Bool = false,
        special: Bool = false
    ) -> JSONValue {
        [
            "id": 0, "content": .string(content), "single_word": .bool(singleWord), "lstrip": .bool(left),
            "rstrip": .bool(right), "normalized": .bool(normalized), "special": .bool(special),
        ]
    }

    static let bertProcessing: JSONValue = ["type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]]
}

extension Tokenizer {
    init(_ json: JSONValue) throws(TokenizerError) {
        try self.init(json: json.encoded())
    }

    /// The tokens of a text, without special ones.
    func tokens(_ text: String) -> [String] {
        encode(text, addSpecialTokens: false).ids.map { token(for: $0) ?? "?" }
    }
}
