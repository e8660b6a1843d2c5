// SPDX-License-Identifier: Apache-2.0
//
// A tokenizer with what a model makes of it: a limit, prompts, special tokens or none.

internal import Tokenizers

struct TextTokenizer: Sendable {
    let tokenizer: Tokenizer
    let maxTokens: Int
    /// Static models average over the tokens of the text alone.
    let addsSpecialTokens: Bool
    /// A token that is left out.
    private let skipped: Int32?
    /// Whether the model tells the texts of a pair apart.
    private let givesTypes: Bool
    let specialIDs: Set<Int32>
    /// Tokens of the repository's own prompts.
    private var promptLengths: [String: Int] = [:]

    init(_ loader: ModelLoader) {
        tokenizer = loader.tokenizer
        specialIDs = Set(tokenizer.specialTokens.map(\.id))
        maxTokens = loader.description.maxTokens
        if case .table(let table) = loader.repository.body {
            addsSpecialTokens = false
            skipped = table.skipsUnknownTokens ? loader.tokenizer.unknownID : nil
        } else {
            addsSpecialTokens = true
            skipped = nil
        }
        givesTypes = loader.repository.inputs.givesTypes
        for prompt in loader.description.prompts.named.values where !prompt.isEmpty {
            promptLengths[prompt] = length(ofPrompt: prompt)
        }
    }

    /// - Throws: `.invalidInput` for a prompt that leaves no room for a text.
    func tokenize(_ text: String, prompt: String, truncation: Truncation) throws(ModelError) -> TokenizedText {
        let encoding = tokenizer.encode(
            prompt.isEmpty ? text : prompt + text, maximumTokens: truncation == .none ? nil : maxTokens,
            truncation: truncation == .start ? .head : .tail, addSpecialTokens: addsSpecialTokens)
        var result = tokenizedText(encoding)
        guard !prompt.isEmpty else { return result }
        let length = promptLengths[prompt] ?? length(ofPrompt: prompt)
        let cut = result.tokens - result.used
        if cut > 0, truncation == .end, length >= maxTokens {
            throw ModelError(
                .invalidInput,
                "the prompt alone has \(length) tokens, and the model takes at most \(maxTokens); use a shorter prompt")
        }
        result.promptTokens = truncation == .start ? max(0, length - cut) : length
        return result
    }

    /// Two texts as one input. The longer one is cut first where there are too many tokens.
    func tokenize(_ first: String, pair second: String, truncates: Bool) -> TokenizedText {
        tokenizedText(tokenizer.encode(first, pair: second, maximumTokens: truncates ? maxTokens : nil))
    }

    private func tokenizedText(_ encoding: Encoding) -> TokenizedText {
        let ids = skipped.map { skipped in encoding.ids.filter { $0 != skipped } } ?? encoding.ids
        return TokenizedText(
            ids: ids, typeIDs: givesTypes ? encoding.typeIDs : Array(repeating: 0, count: ids.count),
            tokens: encoding.sourceTokenCount - (encoding.ids.count - ids.count))
    }

    /// Tokens of a prompt in front of a text: without the special token that ends a sequence, if there is one.
    private func length(ofPrompt prompt: String) -> Int {
        let ids = tokenizer.encode(prompt, addSpecialTokens: addsSpecialTokens).ids
        return ids.last.map(specialIDs.contains) == true ? ids.count - 1 : ids.count
    }
}
