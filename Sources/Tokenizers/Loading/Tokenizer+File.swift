// SPDX-License-Identifier: Apache-2.0
//
// Tokenizers from `tokenizer.json`.

import JSON

extension Tokenizer {
    /// Reads the content of a `tokenizer.json`.
    ///
    /// - Throws: `TokenizerError.unsupported` for components that are not implemented, which are never approximated;
    ///   `TokenizerError.malformed` for everything else that is wrong.
    public init(json: [UInt8]) throws(TokenizerError) {
        guard json.count <= Int(Int32.max) else { throw .malformed("\(json.count) bytes are too many") }
        let file: TokenizerFile
        do {
            file = try TokenizerFile(json)
        } catch {
            throw .malformed("\(error)")
        }
        let section = FileSection("", .object(file.sections))
        if let version = try section.optionalMember("version")?.string(), version != "1.0" {
            throw .malformed("the version is '\(version)', not '1.0'")
        }
        var addedTokens: [AddedToken] = []
        for token in try section.optionalMember("added_tokens")?.elements() ?? [] {
            addedTokens.append(try AddedToken(token))
        }
        try self.init(
            normalizer: try section.optionalMember("normalizer").map(Normalizer.init(_:)),
            preTokenizer: try section.optionalMember("pre_tokenizer").map(PreTokenizer.init(_:)),
            model: try Model(file.model),
            postProcessor: try section.optionalMember("post_processor").map(PostProcessor.init(_:)) ?? .plain,
            addedTokens: addedTokens)
    }
}
