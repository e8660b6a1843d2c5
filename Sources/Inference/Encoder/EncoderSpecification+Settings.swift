// SPDX-License-Identifier: Apache-2.0
//
// What a configuration decides beside the weights, as text, so that it can be told whether two are the same.

extension EncoderSpecification {
    /// Equal for configurations that compute the same with the same weights; a line for the embeddings, one for each
    /// block.
    var settings: String {
        let embeddings = layers.embeddings
        let positions = embeddings.position.map { "from \($0.first) padding \($0.padding ?? -1)" } ?? "none"
        let distances =
            switch layers.distances {
            case nil: "none"
            case .linear: "linear"
            case .buckets: "buckets"
            case .disentangled(_, let norm, let buckets):
                "disentangled \(buckets.span) \(buckets.isLogarithmic) \(buckets.longest) \(Self.settings(norm))"
            }
        var lines = [
            "scale \(embeddings.scale) positions \(positions) distances \(distances)"
                + " norms \(Self.settings(embeddings.norm)) \(Self.settings(layers.finalNorm))"
        ]
        for block in layers.blocks {
            let shape = block.attention.shape
            let norms = [block.attentionNorms, block.feedForwardNorms].flatMap {
                [$0.before, $0.inside, $0.after, $0.again]
            }
            let rotary = shape.rotary.map { "\($0.theta) by \($0.frequencyScale)" } ?? "none"
            lines.append(
                "heads \(shape.heads) \(shape.keyValueHeads) of \(shape.headSize) scale \(shape.scale)"
                    + " sees \(shape.left) \(shape.right) rotary \(rotary) \(block.feedForward.activation)"
                    + " norms \((norms + [block.attention.queryNorm]).map(Self.settings).joined(separator: ", "))")
        }
        return lines.joined(separator: "\n")
    }

    private static func settings(_ norm: NormSource?) -> String {
        norm.map { "\($0.kind.rawValue) \($0.epsilon) \($0.gainOffset)" } ?? "none"
    }
}
