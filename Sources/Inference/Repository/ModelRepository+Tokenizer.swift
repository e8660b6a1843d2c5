// SPDX-License-Identifier: Apache-2.0
//
// A repository's tokenizer.

internal import JSON
internal import Tokenizers

extension ModelRepository {
    func tokenizerFile() throws(ModelError) -> MappedFile {
        if let file = try folder.file("tokenizer.json") { return file }
        throw ModelError(
            .notFound,
            "\(folder.path) has no tokenizer.json; fetch it, or write it with transformers' "
                + "AutoTokenizer.from_pretrained(…).save_pretrained(…)")
    }

    func tokenizer(_ file: MappedFile) throws(ModelError) -> Tokenizer {
        let tokenizer: Tokenizer
        do {
            let json = Array(file.bytes)
            tokenizer = try Tokenizer(json: lowercases ? lowercasing(json) : json)
        } catch TokenizerError.unsupported(let component, let type, let supported) {
            throw ModelError(
                .unsupported,
                "\(file.path) has a \(component) of type '\(type)'; supported are \(supported.joined(separator: ", "))")
        } catch {
            throw ModelError(.corrupt, "\(file.path) cannot be read: \(error)")
        }
        guard tokenizer.vocabularySize <= specification.vocabulary else {
            throw ModelError(
                .invalidConfiguration,
                "\(file.path) has token ids up to \(tokenizer.vocabularySize - 1), but the model only has "
                    + "\(specification.vocabulary) embeddings; they do not belong together")
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
}
