// SPDX-License-Identifier: Apache-2.0
//
// Text to token ids, as the Hugging Face library `tokenizers` does it. It knows
// nothing of models that use the ids, and opens no files.

/// A tokenizer of the kind that `tokenizer.json` describes.
///
/// A text passes through four stages: the normalizer changes it, the pre-tokenizer splits it, the model turns each
/// piece into tokens of its vocabulary, and the post-processor adds special tokens around them. Before that, added
/// tokens are cut out of the text.
///
/// Truncation and padding that the file asks for are ignored: callers state their limit, and nothing is ever padded.
public struct Tokenizer: Sendable {
    let normalizer: Normalizer?
    let preTokenizer: PreTokenizer?
    let model: Model
    let postProcessor: PostProcessor
    let added: AddedVocabulary

    /// One more than the largest id: the count of rows that an embedding table needs.
    public let vocabularySize: Int

    init(
        normalizer: Normalizer?, preTokenizer: PreTokenizer?, model: Model, postProcessor: PostProcessor,
        addedTokens: [AddedToken]
    ) throws(TokenizerError) {
        self.normalizer = normalizer
        self.preTokenizer = preTokenizer
        self.model = model
        self.postProcessor = postProcessor
        added = try AddedVocabulary(addedTokens, model: model.vocabulary, normalizer: normalizer)
        let largestID = max(model.vocabulary.largestID, added.vocabulary.largestID)
        guard postProcessor.largestID <= largestID else {
            throw .malformed("post_processor adds the id \(postProcessor.largestID), which no token has")
        }
        vocabularySize = Int(largestID) + 1
    }
}

// MARK: - Encoding

extension Tokenizer {
    /// Tokenizes one text.
    ///
    /// - Parameters:
    ///   - maximumTokens: the largest count of tokens to return, special tokens included. These stay even where they
    ///     alone are more.
    ///   - truncation: what is cut where there are more.
    ///   - addSpecialTokens: whether the tokens are put between those that the model expects, such as `[CLS]`.
    ///   - recordOffsets: whether `Encoding.offsets` is filled.
    public func encode(
        _ text: String, maximumTokens: Int? = nil, truncation: TruncationSide = .tail, addSpecialTokens: Bool = true,
        recordOffsets: Bool = false
    ) -> Encoding {
        let tokens = tokens(of: text, recordOffsets: recordOffsets)
        let added = addSpecialTokens ? postProcessor.addedTokens(isPair: false) : 0
        let kept = maximumTokens.map { max(added, $0) - added } ?? tokens.ids.count
        var assembly = Assembly(self, addSpecialTokens: addSpecialTokens, recordOffsets: recordOffsets)
        assembly.first = (tokens, Truncation.range(tokens.ids.count, keeping: kept, truncation))
        assembly.append(postProcessor.single)
        return assembly.encoding
    }

    /// Tokenizes two texts that belong together, such as a query and a document.
    ///
    /// Where there are too many tokens, the longer text is cut first. The parameters are those of the method for one
    /// text.
    public func encode(
        _ first: String, pair second: String, maximumTokens: Int? = nil, truncation: TruncationSide = .tail,
        addSpecialTokens: Bool = true, recordOffsets: Bool = false
    ) -> Encoding {
        let first = tokens(of: first, recordOffsets: recordOffsets)
        let second = tokens(of: second, recordOffsets: recordOffsets)
        let added = addSpecialTokens ? postProcessor.addedTokens(isPair: true) : 0
        let limit = maximumTokens.map { max(added, $0) - added } ?? .max
        let kept = Truncation.longestFirst(first.ids.count, second.ids.count, limit: limit)
        var assembly = Assembly(self, addSpecialTokens: addSpecialTokens, recordOffsets: recordOffsets)
        assembly.first = (first, Truncation.range(first.ids.count, keeping: kept.first, truncation))
        assembly.second = (second, Truncation.range(second.ids.count, keeping: kept.second, truncation))
        assembly.append(postProcessor.pair)
        return assembly.encoding
    }

    /// The tokens of a text by itself.
    private func tokens(of text: String, recordOffsets: Bool) -> TokenList {
        let tracksOrigins = recordOffsets || preTokenizer?.needsOrigins == true
        let original = NormalizedText(text, tracksOrigins: tracksOrigins)
        var tokens = TokenList()
        var normalized = NormalizedText(tracksOrigins: tracksOrigins)
        for segment in added.segmentsOfOriginal(original.bytes) {
            if let id = segment.id {
                append(id, original, segment.range, to: &tokens)
                continue
            }
            normalized.removeAll()
            if let normalizer {
                normalizer.normalize(original, segment.range, into: &normalized)
            } else {
                normalized.append(original, segment.range)
            }
            for segment in added.segmentsOfNormalized(normalized.bytes) {
                if let id = segment.id {
                    append(id, normalized, segment.range, to: &tokens)
                } else {
                    var pieces = [segment.range]
                    var words = normalized
                    preTokenizer?.split(&words, &pieces)
                    model.tokenize(words, pieces, into: &tokens)
                }
            }
        }
        return tokens
    }

    /// Appends an added token.
    private func append(_ id: Int32, _ text: NormalizedText, _ range: Range<Int>, to tokens: inout TokenList) {
        tokens.append(id, text, range)
        guard text.tracksOrigins, !postProcessor.trimmings.isEmpty else { return }
        tokens.setMarginsOfLast(OffsetMargins(of: text.bytes[range]))
    }
}

// MARK: - Vocabulary

extension Tokenizer {
    /// A token that stands for structure rather than text.
    public struct SpecialToken: Sendable, Hashable {
        public let id: Int32
        public let content: String
    }

    /// The added tokens that the tokenizer calls special, by ascending id.
    public var specialTokens: [SpecialToken] {
        added.tokens.filter(\.value.isSpecial).map { SpecialToken(id: $0, content: $1.content) }
            .sorted { $0.id < $1.id }
    }

    /// The token with an id; for one inside of a word with the mark of such, `##` for instance.
    public func token(for id: Int32) -> String? {
        if let token = added.tokens[id] { return token.content }
        return model.vocabulary.token(for: id).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The id of a token, compared byte by byte.
    public func id(for token: String) -> Int32? {
        let bytes = Array(token.utf8)
        return added.vocabulary.id(of: bytes) ?? model.vocabulary.id(of: bytes)
    }
}
