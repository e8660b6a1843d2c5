// SPDX-License-Identifier: Apache-2.0
//
// From where weights come from to where they are: the same layers with other contents.

extension EncoderLayers {
    /// The same structure with every table, linear layer and norm replaced, in the order of the forward pass.
    func map<NewTable, NewLinear, NewNorm>(
        table: (Table) throws(ModelError) -> NewTable,
        linear: (Linear) throws(ModelError) -> NewLinear,
        norm: (Norm) throws(ModelError) -> NewNorm
    ) throws(ModelError) -> EncoderLayers<NewTable, NewLinear, NewNorm> {
        typealias New = EncoderLayers<NewTable, NewLinear, NewNorm>
        func optional(_ old: Norm?) throws(ModelError) -> NewNorm? {
            guard let old else { return nil }
            return try norm(old)
        }
        func optional(_ old: Linear?) throws(ModelError) -> NewLinear? {
            guard let old else { return nil }
            return try linear(old)
        }
        func optional(_ old: Table?) throws(ModelError) -> NewTable? {
            guard let old else { return nil }
            return try table(old)
        }
        func norms(_ old: Norms) throws(ModelError) -> New.Norms {
            New.Norms(
                before: try optional(old.before), inside: try optional(old.inside), after: try optional(old.after),
                again: try optional(old.again))
        }

        var embeddings = New.Embeddings(
            word: try table(self.embeddings.word), scale: self.embeddings.scale,
            type: try optional(self.embeddings.type), norm: try optional(self.embeddings.norm))
        if let position = self.embeddings.position {
            embeddings.position = New.Positions(
                table: try table(position.table), first: position.first, padding: position.padding)
        }
        let blocks = try blocks.map { block throws(ModelError) in
            New.Block(
                attention: New.Attention(
                    shape: block.attention.shape, projection: try linear(block.attention.projection),
                    queryNorm: try optional(block.attention.queryNorm), keyNorm: try optional(block.attention.keyNorm),
                    output: try linear(block.attention.output),
                    positionProjection: try optional(block.attention.positionProjection)),
                attentionNorms: try norms(block.attentionNorms),
                feedForward: New.FeedForward(
                    up: try linear(block.feedForward.up), gate: try optional(block.feedForward.gate),
                    activation: block.feedForward.activation, down: try linear(block.feedForward.down)),
                feedForwardNorms: try norms(block.feedForwardNorms))
        }
        let distances: New.Distances? =
            switch self.distances {
            case nil: nil
            case .linear: .linear
            case .buckets(let values): .buckets(try table(values))
            case .disentangled(let vectors, let rule, let buckets):
                .disentangled(try table(vectors), norm: try optional(rule), buckets)
            }
        return New(
            embeddings: embeddings, blocks: blocks, finalNorm: try optional(finalNorm), distances: distances)
    }
}
