// SPDX-License-Identifier: Apache-2.0
//
// How a sequence of token vectors becomes one vector.

internal import JSON

/// The Pooling module of a sentence-transformers repository.
public struct Pooling: Sendable, Hashable, CustomStringConvertible {
    public enum Mode: String, Sendable, CaseIterable {
        case firstToken = "cls"
        case max
        case mean
        /// The sum, divided by the square root of the number of tokens.
        case meanSquareRootLength = "mean_sqrt_len_tokens"
        /// The mean with weights 1, 2, 3, … by position.
        case weightedMean = "weightedmean"
        case lastToken = "lasttoken"
    }

    /// The results of several modes are concatenated in this order.
    public var modes: [Mode]
    /// False for models that leave the prompt's tokens out of the pooled vector.
    public var includesPrompt: Bool

    public static let mean = Pooling(modes: [.mean], includesPrompt: true)

    public var description: String {
        modes.map(\.rawValue).joined(separator: " + ") + " pooling" + (includesPrompt ? "" : " without the prompt")
    }
}

extension Pooling {
    /// Reads `1_Pooling/config.json` with the older booleans (`pooling_mode_mean_tokens`) or with `pooling_mode`.
    init(_ configuration: Configuration, hidden: Int) throws(ModelError) {
        modes = try Self.modes(configuration)
        includesPrompt = try configuration.flag("include_prompt", default: true)
        for key in ["embedding_dimension", "word_embedding_dimension"] {
            let size = try configuration.size(key, default: hidden)
            guard size == hidden else {
                throw ModelError(
                    .invalidConfiguration,
                    "\(configuration.file): '\(key)' is \(size), but the model's hidden size is \(hidden)")
            }
        }
    }

    private static func modes(_ configuration: Configuration) throws(ModelError) -> [Mode] {
        guard let value = configuration.present("pooling_mode") else {
            var modes: [Mode] = []
            for (key, mode) in booleanKeys where try configuration.flag(key, default: false) { modes.append(mode) }
            return modes.isEmpty ? [.mean] : modes
        }
        var modes: [Mode] = []
        for name in value.array ?? [value] {
            guard let mode = name.string.flatMap(Mode.init(rawValue:)) else {
                let known = Mode.allCases.map(\.rawValue).joined(separator: ", ")
                throw ModelError(
                    .unsupported, "\(configuration.file): pooling mode \(name) is unknown; known are \(known)")
            }
            modes.append(mode)
        }
        guard !modes.isEmpty else { throw configuration.invalid("pooling_mode", value, "at least one mode") }
        return modes
    }

    private static let booleanKeys: [(String, Mode)] = [
        ("pooling_mode_cls_token", .firstToken),
        ("pooling_mode_max_tokens", .max),
        ("pooling_mode_mean_tokens", .mean),
        ("pooling_mode_mean_sqrt_len_tokens", .meanSquareRootLength),
        ("pooling_mode_weightedmean_tokens", .weightedMean),
        ("pooling_mode_lasttoken", .lastToken),
    ]
}
