// SPDX-License-Identifier: Apache-2.0
//
// The modules behind the first of a sentence-transformers chain, as a head: Pooling, Dense, LayerNorm, Normalize.

internal import JSON

/// A head with the folders that its weights are in.
struct HeadModules: Sendable {
    private(set) var head = HeadSource()
    /// Folders of weights by the path that begins their tensors' names.
    private(set) var folders: [(path: String, folder: ModelFolder)] = []
    /// Whether the chain ends with vectors of length 1.
    private(set) var normalize = false
    /// Whether the last module gives a cross-encoder's scores.
    private(set) var givesScores = false

    private let root: ModelFolder
    private var width: Int
    /// Whether there is one vector for a text by now, rather than one for every token.
    private var isPooled: Bool

    /// Reads the modules' configurations.
    /// - Parameters:
    ///   - width: values of the vectors that the first module makes.
    ///   - isPooled: whether the first module makes one vector for a text.
    init(
        _ modules: SentenceModules, in root: ModelFolder, width: Int, isPooled: Bool
    ) throws(ModelError) {
        self.root = root
        self.width = width
        self.isPooled = isPooled
        for module in modules.rest { try add(module) }
        guard self.isPooled else {
            throw ModelError(
                .unsupported,
                "\(root.path)/\(SentenceModules.file) has no Pooling: it gives vectors of tokens, not of texts")
        }
        while case .unitLength? = head.stages.last {
            head.stages.removeLast()
            normalize = true
        }
    }

    /// A plain Transformer: mean pooling, as in sentence-transformers.
    init(meanPoolingIn root: ModelFolder, width: Int) {
        self.root = root
        self.width = width
        isPooled = true
        head.pooling = .mean
    }

    private mutating func add(_ module: SentenceModules.Module) throws(ModelError) {
        let folder = try root.subfolder(module.path, namedBy: SentenceModules.file)
        let configuration =
            try folder.configuration("config.json") ?? Configuration(file: folder.path + "/config.json", values: [:])
        switch module.kind {
        case .pooling:
            guard !isPooled else { throw misplaced(module, "there is one vector already") }
            let pooling = try Pooling(configuration, hidden: width)
            head.pooling = pooling
            width *= pooling.modes.count
            isPooled = true
        case .dense:
            folders.append((module.path, folder))
            try add(try dense(configuration, module.path), configuration, module)
        case .layerNorm:
            folders.append((module.path, folder))
            try add(.norm(try norm(configuration, module.path)), configuration, module)
        case .normalize:
            try add(.unitLength, configuration, module)
        case .dropout, .transformer, .staticEmbedding:
            break
        }
    }

    /// Adds a stage for the vectors that the module reads.
    private mutating func add(
        _ stage: HeadSource.Stage, _ configuration: Configuration, _ module: SentenceModules.Module
    ) throws(ModelError) {
        let input = try configuration.string("module_input_name") ?? "sentence_embedding"
        let output = try configuration.string("module_output_name") ?? input
        switch (input, isPooled) {
        case ("sentence_embedding", true): head.stages.append(stage)
        case ("token_embeddings", false): head.tokenStages.append(stage)
        default: throw misplaced(module, "'\(input)' is not what the model's output is made of there")
        }
        guard output == input || output == "scores" else {
            throw ModelError(
                .unsupported, "\(configuration.file): 'module_output_name' is '\(output)'; '\(input)' can be computed")
        }
        givesScores = output == "scores"
        width = stage.outputs(width: width)
    }

    private func dense(_ configuration: Configuration, _ path: String) throws(ModelError) -> HeadSource.Stage {
        let inputs = try configuration.size("in_features")
        guard inputs == width else {
            throw ModelError(
                .invalidConfiguration,
                "\(configuration.file): 'in_features' is \(inputs), but \(width) values come from the module before")
        }
        guard try !configuration.flag("use_residual", default: false) else {
            throw ModelError(.unsupported, "\(configuration.file): 'use_residual' is true; Dense without it can be run")
        }
        let outputs = try configuration.size("out_features")
        let bias = TensorSource(names: ["\(path)/linear.bias"], shape: [outputs])
        let linear = LinearSource(
            weights: [TensorSource(names: ["\(path)/linear.weight"], shape: [outputs, inputs])],
            biases: try configuration.flag("bias", default: true) ? [bias] : [])
        let activation = try Activation.named(
            configuration.string("activation_function") ?? "torch.nn.modules.activation.Tanh",
            file: configuration.file, key: "activation_function")
        return .dense(linear, activation)
    }

    private func norm(_ configuration: Configuration, _ path: String) throws(ModelError) -> NormSource {
        let size = try configuration.size("dimension")
        guard size == width else {
            throw ModelError(
                .invalidConfiguration,
                "\(configuration.file): 'dimension' is \(size), but \(width) values come from the module before")
        }
        func part(_ name: String) -> TensorSource { TensorSource(names: ["\(path)/norm.\(name)"], shape: [size]) }
        return NormSource(kind: .layer, gain: part("weight"), bias: part("bias"), epsilon: 1e-5)
    }

    private func misplaced(_ module: SentenceModules.Module, _ reason: String) -> ModelError {
        ModelError(
            .unsupported,
            "\(root.path)/\(SentenceModules.file): the module \(module.kind.rawValue) '\(module.path)' cannot be run "
                + "where it stands: \(reason)")
    }
}
