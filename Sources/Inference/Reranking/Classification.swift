// SPDX-License-Identifier: Apache-2.0
//
// What a cross-encoder says of a pair of texts: its labels, and what its scores are by default.

internal import JSON

public struct Classification: Sendable, Hashable, CustomStringConvertible {
    /// The names of the labels; a model that ranks has one.
    public var labels: [String]
    /// What is applied to the classifier's output unless raw scores are asked for; nil for nothing.
    public var activation: Activation?

    public var description: String {
        let names = labels.count == 1 ? "one label" : "\(labels.count) labels (\(labels.joined(separator: ", ")))"
        return "\(names), \(activation.map(\.description) ?? "raw") scores"
    }
}

extension Classification {
    /// Reads the labels of a transformers `config.json`, and the activation as sentence-transformers' CrossEncoder
    /// chooses it: what it saved, what its older versions saved, else sigmoid for one label and nothing for several.
    /// - Parameters:
    ///   - settings: `config_sentence_transformers.json`.
    ///   - scores: how many scores a Dense module gives; nil where the transformer's own classifier does.
    init(_ configuration: Configuration, settings: Configuration?, scores: Int? = nil) throws(ModelError) {
        let names = try configuration.object("id2label")?.members ?? []
        let stated = names.isEmpty ? try configuration.size("num_labels", default: 2) : names.count
        let count = scores ?? stated
        let byNumber = Dictionary(
            names.map { ($0.key, $0.value.string ?? "") }, uniquingKeysWith: { first, _ in first })
        labels = (0..<count).map { byNumber["\($0)"] ?? "LABEL_\($0)" }
        activation = labels.count == 1 ? .sigmoid : nil

        let nested = try configuration.object("sentence_transformers").map {
            Configuration(file: configuration.file + ", sentence_transformers", values: $0)
        }
        let places: [(Configuration?, String)] = [
            (settings, "activation_fn"), (nested, "activation_fn"),
            (configuration, "sbert_ce_default_activation_function"),
        ]
        for (place, key) in places {
            guard let place, let path = try place.string(key) else { continue }
            activation = try Activation.named(path, file: place.file, key: key)
            return
        }
    }
}
