// SPDX-License-Identifier: Apache-2.0
//
// Activation functions by the path of their class in PyTorch, as sentence-transformers writes them down.

extension Activation {
    private static let classes: [(name: String, activation: Activation?)] = [
        ("Identity", nil), ("Tanh", .tanh), ("Sigmoid", .sigmoid), ("ReLU", .relu), ("GELU", .gelu), ("SiLU", .silu),
    ]

    /// The function of a class such as `torch.nn.modules.activation.Tanh` with its default arguments; nil for identity.
    static func named(_ path: String, file: String, key: String) throws(ModelError) -> Activation? {
        let name = path.split(separator: ".").last.map(String.init) ?? ""
        guard path.hasPrefix("torch.nn."), let known = classes.first(where: { $0.name == name }) else {
            let names = classes.map(\.name).joined(separator: ", ")
            throw ModelError(
                .unsupported, "\(file): '\(key)' is '\(path)'; of torch.nn, \(names) can be computed")
        }
        return known.activation
    }
}
