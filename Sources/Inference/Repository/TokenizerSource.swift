// SPDX-License-Identifier: Apache-2.0
//
// Where a repository keeps its tokenizer: the one place that knows the formats.

internal import JSON
internal import Tokenizers

/// A tokenizer's file, not yet read.
struct TokenizerSource: Sendable {
    private enum Format: Sendable {
        /// `tokenizer.json`
        case json
        /// `vocab.txt` of a BERT, with the settings of `tokenizer_config.json`.
        case wordPieceVocabulary(Configuration)
        /// A SentencePiece model, with the same settings.
        case sentencePiece(SentencePieceFamily, Configuration)
    }

    /// What XLM-RoBERTa, T5, and Llama and Gemma call their SentencePiece model.
    private static let sentencePieceFiles = ["sentencepiece.bpe.model", "spiece.model", "tokenizer.model"]

    let file: MappedFile
    private let format: Format
    /// Whether text is lower-cased before anything else.
    private let lowercases: Bool

    /// Finds the tokenizer of a repository.
    init(_ folder: ModelFolder, lowercases: Bool) throws(ModelError) {
        self.lowercases = lowercases
        if let file = try folder.file("tokenizer.json") {
            self.file = file
            format = .json
        } else if let file = try folder.file("vocab.txt"), try folder.file("bpe.codes") == nil {
            self.file = file
            format = .wordPieceVocabulary(try Self.settings(folder))
        } else if let file = try Self.sentencePieceFile(folder) {
            self.file = file
            let settings = try Self.settings(folder)
            format = .sentencePiece(try Self.family(settings), settings)
        } else {
            throw ModelError(
                .notFound,
                "\(folder.path) has no tokenizer.json, no vocab.txt and no SentencePiece model; fetch it, or write it "
                    + "with transformers' AutoTokenizer.from_pretrained(…).save_pretrained(…)")
        }
    }

    private static func settings(_ folder: ModelFolder) throws(ModelError) -> Configuration {
        let name = "tokenizer_config.json"
        return try folder.configuration(name) ?? Configuration(file: folder.path + "/" + name, values: [:])
    }

    private static func sentencePieceFile(_ folder: ModelFolder) throws(ModelError) -> MappedFile? {
        for name in sentencePieceFiles {
            if let file = try folder.file(name) { return file }
        }
        return nil
    }

    private static func family(_ settings: Configuration) throws(ModelError) -> SentencePieceFamily {
        func flag(_ key: String) throws(ModelError) -> Bool? {
            settings.present(key) == nil ? nil : try settings.flag(key, default: false)
        }
        let name = try settings.string("tokenizer_class") ?? "(none)"
        guard
            let family = SentencePieceFamily(
                tokenizerClass: name, first: try flag("add_bos_token"), last: try flag("add_eos_token"),
                legacy: try flag("legacy"))
        else {
            throw ModelError(
                .unsupported,
                "\(settings.file) has the tokenizer_class '\(name)', of which no SentencePiece model can be read; "
                    + "XLMRobertaTokenizer, T5Tokenizer, LlamaTokenizer and GemmaTokenizer can. Write a tokenizer.json "
                    + "with transformers' AutoTokenizer.from_pretrained(…).save_pretrained(…)")
        }
        return family
    }

    /// Whether models are told which text of a pair a token belongs to: by the settings of the tokenizer, by its class in
    /// transformers, or by the class that models of a type have.
    static func givesTypes(_ folder: ModelFolder, modelType: String) throws(ModelError) -> Bool {
        let settings = try folder.configuration("tokenizer_config.json")
        if let names = settings?.present("model_input_names")?.array {
            return names.contains { $0.string == "token_type_ids" }
        }
        guard var name = try settings?.string("tokenizer_class") else {
            return ["bert", "electra", "albert", "deberta", "deberta-v2"].contains(modelType)
        }
        if name.hasSuffix("Fast") { name.removeLast(4) }
        return ["Bert", "Electra", "Albert", "Deberta", "DebertaV2"].contains { name == $0 + "Tokenizer" }
    }

    /// Names what tokens depend on.
    var digest: Digest {
        let content = file.knownDigest ?? Digest(of: file.bytes)
        switch format {
        case .json: return content
        case .wordPieceVocabulary(let settings), .sentencePiece(_, let settings):
            return Digest(of: content.hex + JSONValue.object(settings.values).description)
        }
    }

    /// Reads the tokenizer, and checks that its ids are below `vocabulary`, the rows of the embedding table.
    func tokenizer(vocabulary: Int) throws(ModelError) -> Tokenizer {
        let tokenizer: Tokenizer
        do {
            let content = file.content
            switch format {
            case .json:
                tokenizer = try Tokenizer(json: lowercases ? lowercasing(content) : content)
            case .wordPieceVocabulary(let settings):
                tokenizer = try wordPiece(content, settings)
            case .sentencePiece(let family, _):
                tokenizer = try Tokenizer(sentencePiece: content, family: family)
            }
        } catch TokenizerError.unsupported(let component, let type, let supported) {
            throw ModelError(
                .unsupported,
                "\(file.path) has a \(component) of type '\(type)'; supported are \(supported.joined(separator: ", "))")
        } catch let error as ModelError {
            throw error
        } catch {
            throw ModelError(.corrupt, "\(file.path) cannot be read: \(error)")
        }
        guard tokenizer.vocabularySize <= vocabulary else {
            throw ModelError(
                .invalidConfiguration,
                "\(file.path) has token ids up to \(tokenizer.vocabularySize - 1), but the model only has "
                    + "\(vocabulary) embeddings; they do not belong together")
        }
        return tokenizer
    }

    /// A `tokenizer.json` that lower-cases text before anything else its normalizer does.
    private func lowercasing(_ json: [UInt8]) throws -> [UInt8] {
        var tokenizer = try JSONValue(parsing: json).object ?? [:]
        // Of BERT's normalizer with everything else switched off, the plain lower-casing remains.
        let lowercase: JSONValue = [
            "type": "BertNormalizer", "lowercase": true, "clean_text": false, "handle_chinese_chars": false,
            "strip_accents": false,
        ]
        var normalizers = [lowercase]
        if let normalizer = tokenizer["normalizer"], !normalizer.isNull { normalizers.append(normalizer) }
        tokenizer["normalizer"] = ["type": "Sequence", "normalizers": .array(normalizers)]
        return JSONValue.object(tokenizer).encoded()
    }

    /// As transformers makes a BertTokenizer of a vocabulary.
    private func wordPiece(_ vocabulary: [UInt8], _ settings: Configuration) throws -> Tokenizer {
        func token(_ key: String, _ standard: String) throws(ModelError) -> String {
            guard let value = settings.present(key) else { return standard }
            guard let token = value.string ?? value["content"]?.string else {
                throw settings.invalid(key, value, "a token")
            }
            return token
        }
        let stripsAccents = try settings.present("strip_accents").map { _ throws(ModelError) in
            try settings.flag("strip_accents", default: false)
        }
        return try Tokenizer(
            wordPieceVocabulary: vocabulary, lowercase: lowercases || settings.flag("do_lower_case", default: true),
            stripAccents: stripsAccents, separateIdeographs: settings.flag("tokenize_chinese_chars", default: true),
            unknownToken: token("unk_token", "[UNK]"), firstToken: token("cls_token", "[CLS]"),
            separatorToken: token("sep_token", "[SEP]"), paddingToken: token("pad_token", "[PAD]"),
            maskToken: token("mask_token", "[MASK]"))
    }
}
