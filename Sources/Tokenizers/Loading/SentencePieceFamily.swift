// SPDX-License-Identifier: Apache-2.0
//
// What a SentencePiece model does not say: which tokens a model of a family
// has beyond it, and how text is prepared.

/// The conventions of transformers' tokenizer classes for models that come with a SentencePiece file only.
///
/// Each has the special tokens that its class has by default; a repository that renames them needs a `tokenizer.json`.
public enum SentencePieceFamily: Sendable, Hashable {
    /// XLM-RoBERTa and what descends from it: `<s>`, `<pad>`, `</s>`, `<unk>` before the pieces, of which the first three
    /// are left out, and `<mask>` after them; a text is `<s> text </s>`, a pair `<s> a </s> </s> b </s>`.
    case xlmRoberta
    /// T5: `<extra_id_99>` to `<extra_id_0>` after the pieces; `</s>` after each text.
    case t5
    /// Llama and Mistral. `first` and `last` are `add_bos_token` and `add_eos_token` of `tokenizer_config.json`: whether
    /// `<s>` is put before a text and `</s>` after it. `legacy` is the setting of this name: whether text after an
    /// added token begins with a space as well.
    case llama(first: Bool, last: Bool, legacy: Bool)
    /// Gemma, with `<bos>` before a text and `<eos>` after it as asked for.
    case gemma(first: Bool, last: Bool)
}

extension SentencePieceFamily {
    /// The family of a `tokenizer_class` in `tokenizer_config.json`; nil for one that is not known.
    ///
    /// - Parameters:
    ///   - first, last, legacy: `add_bos_token`, `add_eos_token` and `legacy`, where the file has them. Without them,
    ///     the first token is added, and `legacy` is true, as files were written for.
    public init?(tokenizerClass: String, first: Bool? = nil, last: Bool? = nil, legacy: Bool? = nil) {
        let name = tokenizerClass.hasSuffix("Fast") ? String(tokenizerClass.dropLast(4)) : tokenizerClass
        switch name {
        case "XLMRobertaTokenizer": self = .xlmRoberta
        case "T5Tokenizer": self = .t5
        case "LlamaTokenizer": self = .llama(first: first ?? true, last: last ?? false, legacy: legacy ?? true)
        case "GemmaTokenizer": self = .gemma(first: first ?? true, last: last ?? false)
        default: return nil
        }
    }
}
