// SPDX-License-Identifier: Apache-2.0
//
// The classifiers of transformers' `…ForSequenceClassification`, one row for each way to build them.

/// pooled vector → dense layer → activation → norm, if there is one → classifier,
/// as in transformers/models/*/modeling_*.py.
private struct ClassifierLayout: Sendable {
    var modelTypes: [String]
    var pooling = Choice.always(PooledBy.firstToken)
    /// The dense layer's name, and older ones.
    var dense: [String]
    /// The key that says whether the dense layer has biases; it has where there is no such key.
    var denseBias: String?
    var activation: Choice<Activation>
    /// The name of a layer norm, with keys for its ε and for whether it has biases.
    var norm: (name: String, epsilon: String, bias: String)?
    var classifier = "classifier"

    enum Choice<Value: Sendable>: Sendable {
        case always(Value)
        /// What a key of the configuration says, and what is meant where it says nothing.
        case key(String, Value)
    }

    enum PooledBy: String, Sendable {
        case firstToken = "cls"
        case firstTokenToo = "bos"
        case mean
        /// Every token is classified, and the results are averaged.
        case meanOfScores = "late"
    }

    static let all = [
        ClassifierLayout(
            modelTypes: ["bert"], dense: ["bert.pooler.dense", "pooler.dense"], activation: .always(.tanh)),
        ClassifierLayout(
            modelTypes: ["roberta", "xlm-roberta", "camembert", "mpnet"], dense: ["classifier.dense"],
            activation: .always(.tanh), classifier: "classifier.out_proj"),
        ClassifierLayout(
            modelTypes: ["electra"], dense: ["classifier.dense"], activation: .always(.gelu),
            classifier: "classifier.out_proj"),
        ClassifierLayout(modelTypes: ["distilbert"], dense: ["pre_classifier"], activation: .always(.relu)),
        ClassifierLayout(
            modelTypes: ["modernbert"], pooling: .key("classifier_pooling", .firstToken), dense: ["head.dense"],
            denseBias: "classifier_bias", activation: .key("classifier_activation", .gelu),
            norm: ("head.norm", epsilon: "norm_eps", bias: "norm_bias")),
        ClassifierLayout(
            modelTypes: ["deberta-v2"], dense: ["pooler.dense"], activation: .key("pooler_hidden_act", .gelu)),
        ClassifierLayout(
            modelTypes: ["gte", "new"], dense: ["gte.pooler.dense", "new.pooler.dense"], activation: .always(.tanh)),
        ClassifierLayout(
            modelTypes: ["nomic_bert"], dense: ["nomic_bert.pooler.dense", "bert.pooler.dense"],
            activation: .always(.tanh)),
        ClassifierLayout(
            modelTypes: ["eurobert"], pooling: .key("classifier_pooling", .meanOfScores), dense: ["dense"],
            activation: .always(.gelu)),
    ]
}

extension HeadSource {
    /// The classifier of a `config.json` whose architecture is one for sequence classification.
    static func classifier(
        _ configuration: Configuration, hidden: Int, labels: Int
    ) throws(ModelError) -> HeadSource {
        let type = try configuration.string("model_type") ?? ""
        guard let layout = ClassifierLayout.all.first(where: { $0.modelTypes.contains(type) }) else {
            let known = ClassifierLayout.all.flatMap(\.modelTypes).joined(separator: ", ")
            throw ModelError(
                .unsupported,
                "\(configuration.file): the classifier of models of type '\(type)' cannot be run; supported: \(known)")
        }
        let hasBias = try layout.denseBias.map { key throws(ModelError) in
            try configuration.flag(key, default: false)
        }
        var stages: [Stage] = [
            .dense(linear(layout.dense, hidden, hidden, hasBias: hasBias ?? true), try layout.activation(configuration))
        ]
        if let norm = layout.norm {
            let epsilon = Float(try configuration.number(norm.epsilon, default: 1e-5))
            let hasBias = try configuration.flag(norm.bias, default: false)
            stages.append(.norm(WeightNames().layerNorm(norm.name, hidden, epsilon: epsilon, biased: hasBias)))
        }
        stages.append(.dense(linear([layout.classifier], labels, hidden), nil))
        switch try layout.pooling(configuration) {
        case .firstToken, .firstTokenToo:
            return HeadSource(pooling: Pooling(modes: [.firstToken], includesPrompt: true), stages: stages)
        case .mean: return HeadSource(pooling: .mean, stages: stages)
        case .meanOfScores: return HeadSource(tokenStages: stages, pooling: .mean)
        }
    }

    private static func linear(_ names: [String], _ rows: Int, _ columns: Int, hasBias: Bool = true) -> LinearSource {
        LinearSource(
            weights: [TensorSource(names: names.map { $0 + ".weight" }, shape: [rows, columns])],
            biases: hasBias ? [TensorSource(names: names.map { $0 + ".bias" }, shape: [rows])] : [])
    }
}

extension ClassifierLayout {
    func activation(_ configuration: Configuration) throws(ModelError) -> Activation {
        switch activation {
        case .always(let activation): return activation
        case .key(let key, let standard):
            return configuration.present(key) == nil ? standard : try Activation(configuration, key: key)
        }
    }

    func pooling(_ configuration: Configuration) throws(ModelError) -> PooledBy {
        switch pooling {
        case .always(let pooling): return pooling
        case .key(let key, let standard):
            guard let name = try configuration.string(key) else { return standard }
            guard let pooling = PooledBy(rawValue: name) else {
                throw configuration.unsupported(key, "'\(name)'", "cls, mean and late")
            }
            return pooling
        }
    }
}
