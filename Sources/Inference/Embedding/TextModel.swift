// SPDX-License-Identifier: Apache-2.0
//
// Token ids in, one row of values for a text out: an encoder or a token table, and the head behind it.

internal import CKernels

/// What an embedder and a reranker have in common. Immutable, so that any number of threads may compute with it.
struct TextModel: Sendable {
    enum Body: Sendable {
        case encoder(Encoder)
        case table(TokenTable)
    }

    let body: Body
    let head: LoadedHead

    /// What becomes of the head's output.
    struct Output: Sendable {
        /// The first values are kept.
        var count: Int
        var normalize = false
        var activation: Activation?
    }

    /// Tokens below which a table is read by the calling thread alone, as waking others takes longer.
    private static let fewTokens = 1 << 14

    private var kernels: Kernels { head.kernels }

    /// Computes a row for every text, [batch, output.count], in place of what is in `values`.
    func compute(
        _ batch: [TokenizedText], _ output: Output, workspace: Workspace, team: ComputeTeam?, into values: inout [Float]
    ) throws(ModelError) {
        for text in batch { try validate(text) }
        values.removeAll(keepingCapacity: true)
        values.append(contentsOf: repeatElement(0, count: batch.count * output.count))
        try values.withUnsafeMutableBufferPointer { values throws(ModelError) in
            // An empty batch.
            guard let base = values.baseAddress, !values.isEmpty else { return }
            switch body {
            case .encoder(let encoder):
                try lead(team, workspace) { crew throws(ModelError) in
                    try encoder.forEachPass(of: batch, for: head.layers.pooling, in: workspace, crew) { texts, hidden in
                        let outputs = head.outputs(of: batch[texts], hidden, width: encoder.hidden)
                        finish(outputs, output, to: base + texts.lowerBound * output.count)
                    }
                }
            case .table(let table):
                let isSmall = batch.reduce(0) { $0 + $1.ids.count } < Self.fewTokens
                try lead(isSmall ? nil : team, workspace) { crew throws(ModelError) in
                    let share = (batch.count + crew.size - 1) / crew.size
                    crew.forEach((batch.count + share - 1) / share) { task, _ in
                        let texts = task * share..<min((task + 1) * share, batch.count)
                        let sums = LoadedHead.Rows(count: texts.count, width: table.dimensions)
                        for (row, index) in texts.enumerated() {
                            table.mean(batch[index].ids, into: sums[row], kernels)
                        }
                        let outputs = head.outputs(of: batch[texts], sums[0], width: table.dimensions)
                        finish(outputs, output, to: base + texts.lowerBound * output.count)
                    }
                }
            }
        }
        workspace.trim()
    }

    func lead(
        _ team: ComputeTeam?, _ workspace: Workspace, _ body: (TaskCrew) throws(ModelError) -> Void
    ) throws(ModelError) {
        guard let team else { return try body(.alone(workspace.checkpoint)) }
        try team.lead(checkpoint: workspace.checkpoint, body)
    }

    private func finish(
        _ outputs: borrowing LoadedHead.Rows, _ output: Output, to target: UnsafeMutablePointer<Float>
    ) {
        for row in 0..<outputs.count {
            let values = target + row * output.count
            values.update(from: outputs[row], count: output.count)
            if output.normalize { scaleToLengthOne(values, output.count, kernels) }
            if let activation = output.activation {
                kernels.table.pointee.activate(activation.kernel, values, Int64(output.count))
            }
        }
    }
}

extension TextModel {
    /// - Throws: `.invalidInput` for token ids and types that the model does not have, and for too many or too few.
    func validate(_ text: TokenizedText) throws(ModelError) {
        let limits =
            switch body {
            case .encoder(let encoder): encoder.limits
            case .table(let table):
                Limits(tokens: 0...TokenTable.maxTokens, vocabulary: table.vocabulary, types: nil)
            }
        guard limits.tokens.contains(text.ids.count) else {
            throw ModelError(
                .invalidInput,
                "an input has \(text.ids.count) tokens; the model takes \(limits.tokens.lowerBound) to "
                    + "\(limits.tokens.upperBound)")
        }
        guard text.typeIDs.count == text.ids.count else {
            throw ModelError(.invalidInput, "an input has \(text.ids.count) tokens but \(text.typeIDs.count) types")
        }
        if let id = text.ids.first(where: { $0 < 0 || $0 >= limits.vocabulary }) {
            throw ModelError(
                .invalidInput, "token id \(id) is not in the vocabulary of \(limits.vocabulary) tokens")
        }
        if let types = limits.types, let type = text.typeIDs.first(where: { $0 < 0 || $0 >= types }) {
            throw ModelError(.invalidInput, "token type \(type) is not one of the model's \(types)")
        }
    }

    /// What inputs a model takes.
    struct Limits {
        var tokens: ClosedRange<Int>
        var vocabulary: Int
        /// Token types; nil where the model does not look at them.
        var types: Int?
    }
}

extension Encoder {
    var limits: TextModel.Limits {
        TextModel.Limits(
            tokens: 1...positions, vocabulary: layers.embeddings.word.shape[0],
            types: layers.embeddings.type?.shape[0])
    }
}
