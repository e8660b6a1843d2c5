// SPDX-License-Identifier: Apache-2.0
//
// The name of a vector space: vectors may be compared when their names are equal.

/// What decides which vector a text gets, one line each.
///
/// The name is the first 16 bytes of the SHA-256 of these lines, in hexadecimal. It does not hold the model's name or
/// path, so a copy has the name of its original, nor the precision, which keeps vectors close enough to compare.
struct SpaceDefinition {
    var description: ModelDescription
    var weights: Digest
    /// Of what the configuration decides beside the weights; nil for a table of tokens.
    var settings: Digest?
    var tokenizer: Digest
    var lowercases: Bool
    /// Of the files that the layers behind pooling are in; nil where there are none.
    var head: Digest?
    var dimensions: Int
    var normalize: Bool

    var id: String { Digest(of: text).hex(byteCount: 16) }

    var text: String {
        var lines = [
            "hearth space 1",
            "encoder \(description.family) \(description.heads) heads \(description.activation?.description ?? "none")",
            "weights \(weights.hex)",
            "settings \(settings?.hex ?? "none")",
            "tokenizer \(tokenizer.hex)\(lowercases ? " lowercase" : "")",
            "tokens \(description.maxTokens)",
            "pooling \(description.pooling?.description ?? "none")",
            "dense \(head.map { "\($0.hex) \(description.head.joined(separator: ", "))" } ?? "none")",
            "normalize \(normalize)",
            "dimensions \(dimensions)",
            "prompt default \(description.prompts.defaultName ?? "")",
        ]
        for name in description.prompts.names {
            let text = description.prompts.named[name] ?? ""
            lines.append("prompt \(name.utf8.count) \(name) \(text.utf8.count) \(text)")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
