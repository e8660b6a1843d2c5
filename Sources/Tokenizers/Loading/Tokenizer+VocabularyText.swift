// SPDX-License-Identifier: Apache-2.0
//
// BERT tokenizers from `vocab.txt`, for repositories without `tokenizer.json`.

extension Tokenizer {
    /// Makes a BERT tokenizer from the content of a `vocab.txt`: one token per line, whose number from 0 is its id.
    ///
    /// - Parameters:
    ///   - lowercase: whether the vocabulary is one for lower-case text.
    ///   - stripAccents: nil to do as `lowercase` does.
    ///   - separateIdeographs: whether every CJK ideograph is a word.
    public init(
        wordPieceVocabulary text: [UInt8], lowercase: Bool, stripAccents: Bool? = nil, separateIdeographs: Bool = true,
        unknownToken: String = "[UNK]", firstToken: String = "[CLS]", separatorToken: String = "[SEP]",
        paddingToken: String = "[PAD]", maskToken: String = "[MASK]"
    ) throws(TokenizerError) {
        guard text.count <= Int(Int32.max) else { throw .malformed("\(text.count) bytes are too many") }
        guard String(validating: text, as: UTF8.self) != nil else {
            throw .malformed("the vocabulary is not UTF-8")
        }
        var vocabulary = Vocabulary(minimumCapacity: 1 << 15)
        for (id, line) in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let end = text.startOfWhitespace(before: line.endIndex, line.startIndex)
            if line.startIndex < end { vocabulary.insert(text[line.startIndex..<end], id: Int32(id)) }
        }
        _ = vocabulary.indexIDs()
        func id(of token: String) throws(TokenizerError) -> Int32 {
            guard let id = vocabulary.id(of: Array(token.utf8)) else {
                throw .malformed("the vocabulary lacks '\(token)'")
            }
            return id
        }
        let present = [unknownToken, separatorToken, paddingToken, firstToken, maskToken]
            .filter { vocabulary.id(of: Array($0.utf8)) != nil }
        try self.init(
            normalizer: .bert(
                BertNormalizer(
                    cleansText: true, separatesIdeographs: separateIdeographs, stripsAccents: stripAccents,
                    lowercases: lowercase)),
            preTokenizer: .bert,
            model: .wordPiece(
                try WordPiece(
                    vocabulary: vocabulary, unknownToken: unknownToken, continuingPrefix: "##", maximumScalars: 100)),
            postProcessor: .bert(first: try id(of: firstToken), separator: try id(of: separatorToken)),
            addedTokens: present.map(AddedToken.special))
    }
}
