// SPDX-License-Identifier: Apache-2.0
//
// What stands between the token vectors of an encoder and a model's output. As with `EncoderLayers`, the same
// structure says where weights come from, and holds them once they are in memory.

/// Token stages, pooling, then stages for the pooled vector: the Dense layers of an embedder, the classifier of a
/// cross-encoder.
struct Head<Linear: Sendable, Norm: Sendable>: Sendable {
    enum Stage: Sendable {
        /// activation(W x + b)
        case dense(Linear, Activation?)
        case norm(Norm)
        /// Scales a vector to length 1.
        case unitLength
    }

    /// What happens to every token's vector.
    var tokenStages: [Stage] = []
    /// Nil where what comes in is one vector for a text.
    var pooling: Pooling?
    /// What happens to the pooled vector.
    var stages: [Stage] = []
}

extension Head {
    /// The same structure with every linear layer and norm replaced, in the order of the forward pass.
    func map<NewLinear, NewNorm>(
        linear: (Linear) throws(ModelError) -> NewLinear, norm: (Norm) throws(ModelError) -> NewNorm
    ) throws(ModelError) -> Head<NewLinear, NewNorm> {
        func map(_ stage: Stage) throws(ModelError) -> Head<NewLinear, NewNorm>.Stage {
            switch stage {
            case .dense(let layer, let activation): .dense(try linear(layer), activation)
            case .norm(let layer): .norm(try norm(layer))
            case .unitLength: .unitLength
            }
        }
        return Head<NewLinear, NewNorm>(
            tokenStages: try tokenStages.map { stage throws(ModelError) in try map(stage) }, pooling: pooling,
            stages: try stages.map { stage throws(ModelError) in try map(stage) })
    }
}

typealias HeadSource = Head<LinearSource, NormSource>

extension HeadSource {
    /// Whether there is nothing but pooling.
    var isPlain: Bool { tokenStages.isEmpty && stages.isEmpty }

    /// Values of the output, where token vectors have `width`.
    func outputs(width: Int) -> Int {
        let width = tokenStages.reduce(width) { $1.outputs(width: $0) }
        return stages.reduce(width * (pooling?.modes.count ?? 1)) { $1.outputs(width: $0) }
    }
}

extension HeadSource.Stage {
    func outputs(width: Int) -> Int {
        if case .dense(let linear, _) = self { linear.rows } else { width }
    }
}

extension HeadSource.Stage: CustomStringConvertible {
    var description: String {
        switch self {
        case .dense(let linear, let activation):
            "dense \(linear.columns) → \(linear.rows)" + (activation.map { " (\($0))" } ?? "")
        case .norm: "layer norm"
        case .unitLength: "unit length"
        }
    }
}
