// SPDX-License-Identifier: Apache-2.0
//
// Tokens to look at, and texts longer than the model in windows it can take.

internal import Tokenizers

/// A token as it stands in a text.
public struct Token: Sendable, Hashable {
    public var id: Int32
    public var text: String
    /// Position in the text in Unicode scalars; empty for special tokens.
    public var range: Range<Int>
    /// Whether it was added around the text.
    public var isSpecial: Bool
}

extension Embedder {
    /// What the tokenizer makes of a text, special tokens included and nothing cut.
    public func tokens(of text: String) -> [Token] {
        let tokenizer = textTokenizer.tokenizer
        let encoding = tokenizer.encode(
            text, addSpecialTokens: textTokenizer.addsSpecialTokens, recordOffsets: true)
        return encoding.ids.indices.map { index in
            Token(
                id: encoding.ids[index], text: tokenizer.token(for: encoding.ids[index]) ?? "",
                range: encoding.offsets[index], isSpecial: encoding.isSpecial[index])
        }
    }

    /// The text that tokens stand for; ids that the vocabulary does not have are left out.
    public func text(of ids: [Int32], skipsSpecialTokens: Bool = true) -> String {
        textTokenizer.tokenizer.decode(ids, skipsSpecialTokens: skipsSpecialTokens)
    }

    /// A text cut into as few stretches of at most `maxTokens` tokens as hold it whole, each with the special tokens
    /// of a text of its own, and the prompt before the first.
    /// - Throws: `.invalidInput` for a prompt that the model does not have.
    public func windows(of text: String, prompt: PromptChoice = .standard) throws(ModelError) -> [TokenizedText] {
        let whole = try tokenize(text, prompt: prompt, truncation: .none)
        guard whole.tokens > description.maxTokens else { return [whole] }
        // An empty text is nothing but special tokens: those before a text, then those behind it.
        let frame = try tokenize("", prompt: .text(""), truncation: .none)
        let leading = zip(frame.ids, whole.ids).prefix { $0 == $1 }.count
        let trailing = frame.ids.count - leading
        let body = whole.ids.indices.dropFirst(leading).dropLast(trailing)
        let stretch = max(1, description.maxTokens - frame.ids.count)
        return stride(from: body.startIndex, to: body.endIndex, by: stretch).map { start in
            let end = min(start + stretch, body.endIndex)
            let ids = whole.ids[..<leading] + whole.ids[start..<end] + whole.ids.suffix(trailing)
            let types = whole.typeIDs[..<leading] + whole.typeIDs[start..<end] + whole.typeIDs.suffix(trailing)
            return TokenizedText(
                ids: Array(ids), typeIDs: Array(types), tokens: ids.count,
                promptTokens: start == body.startIndex ? min(whole.promptTokens, ids.count) : 0)
        }
    }
}
