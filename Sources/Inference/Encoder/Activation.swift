// SPDX-License-Identifier: Apache-2.0
//
// The activation functions of feed-forward layers and heads.

internal import CKernels

public enum Activation: String, Sendable, CustomStringConvertible {
    /// x Φ(x), exact.
    case gelu
    /// The tanh approximation of gelu.
    case geluTanh = "gelu (tanh)"
    case relu
    /// x σ(x), also called swish.
    case silu
    case tanh
    case sigmoid

    public var description: String { rawValue }

    var kernel: ck_activation {
        switch self {
        case .gelu: CK_GELU
        case .geluTanh: CK_GELU_TANH
        case .relu: CK_RELU
        case .silu: CK_SILU
        case .tanh: CK_TANH
        case .sigmoid: CK_SIGMOID
        }
    }
}

extension Activation {
    /// Reads the name that transformers gives it (`ACT2FN` in transformers/activations.py).
    init(_ configuration: Configuration, key: String) throws(ModelError) {
        switch try configuration.string(key) ?? "gelu" {
        case "gelu", "gelu_python": self = .gelu
        case "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_accurate": self = .geluTanh
        case "relu": self = .relu
        case "silu", "swish": self = .silu
        case "tanh": self = .tanh
        case "sigmoid": self = .sigmoid
        case let name:
            throw ModelError(
                .unsupported,
                "\(configuration.file): '\(key)' is '\(name)'; gelu, gelu_new, relu, silu, tanh and sigmoid can be computed"
            )
        }
    }
}
