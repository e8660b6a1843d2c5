// SPDX-License-Identifier: Apache-2.0
//
// From a folder to a model in memory: read, check, digest, pack, choose a precision.

internal import JSON
internal import Tokenizers

/// Everything about a model but the weights in the kernels' format, which depend on the precision.
struct ModelLoader {
    let repository: ModelRepository
    let description: ModelDescription
    let tokenizer: Tokenizer
    let space: SpaceDefinition
    private let weights: WeightFiles
    private let headWeights: WeightFiles
    private let weightsDigest: Digest
    private let headDigest: Digest
    private let kernels: Kernels
    private let cache: InferenceCache?
    private let progress: (LoadProgress) -> Void

    /// - Parameter kind: what the model must be; nil for any.
    init(
        _ folder: ModelFolder, kind: ModelKind?, options: LoadOptions, progress: @escaping (LoadProgress) -> Void
    ) throws(ModelError) {
        self.progress = progress
        kernels = try options.instructionSet.map(Kernels.init(named:)) ?? .best
        cache = options.cacheDirectory.map(InferenceCache.init(path:))
        repository = try ModelRepository(folder, expected: kind)
        weights = repository.weights
        let headFolders = repository.head.folders
        headWeights =
            if headFolders.isEmpty { weights } else {
                WeightFiles(
                    try headFolders.map { part throws(ModelError) in (part.path, try WeightFiles(part.folder)) })
            }
        let source = try TokenizerSource(repository.folder, lowercases: repository.inputs.lowercases)
        tokenizer = try source.tokenizer(vocabulary: repository.vocabulary)
        description = try repository.description(tokenizer: tokenizer.modelType)
        weightsDigest = Self.digest(weights, cache, progress)
        headDigest = headFolders.isEmpty ? weightsDigest : Self.digest(headWeights, cache, progress)
        let settings: Digest? =
            if case .encoder(_, let specification) = repository.body { Digest(of: specification.settings) } else { nil }
        space = SpaceDefinition(
            description: description, weights: weightsDigest, settings: settings, tokenizer: source.digest,
            lowercases: repository.inputs.lowercases, head: repository.head.source.isPlain ? nil : headDigest,
            dimensions: description.dimensions, normalize: description.normalize)
    }

    typealias Loaded = (model: TextModel, report: LoadReport)

    /// Loads with a precision; nil for the fastest that is exact enough.
    func load(_ precision: Precision?) throws(ModelError) -> Loaded {
        let head = try head()
        defer {
            for file in headWeights.files { file.releasePages() }
        }
        switch repository.body {
        case .table(let source):
            let table = try TokenTable(source)
            try check(table)
            let report = LoadReport(
                instructionSet: kernels.name, precision: .f32, packing: .memory, warnings: [])
            return (TextModel(body: .table(table), head: head), report)
        case .encoder(_, let specification):
            let loaded = try encoder(specification, precision, head)
            for file in weights.files { file.releasePages() }
            return (TextModel(body: .encoder(loaded.encoder), head: head), loaded.report)
        }
    }

    /// Reads all of a table, once for every state that its file is in where there is a cache.
    private func check(_ table: TokenTable) throws(ModelError) {
        let name = "\(weightsDigest.hex(byteCount: 16))-finite"
        if let cache, cache.read("packed", name) == weightsDigest.hex { return }
        try table.checkIsFinite()
        cache?.write("packed", name, weightsDigest.hex)
    }

    /// In bytes.
    private static let largeHead = 1 << 21

    private func head() throws(ModelError) -> LoadedHead {
        var plan = PackingPlan(kernels: kernels, precision: .f32)
        let slots = try repository.head.source.map(linear: { plan.add($0) }, norm: { plan.add($0) })
        // Packing what is small takes less time than looking for it.
        let cache = plan.size < Self.largeHead ? nil : cache
        var report = LoadReport(instructionSet: kernels.name, precision: .f32, packing: .memory, warnings: [])
        let packed = try packedWeights(
            plan, from: headWeights, Digest(of: "head \(headDigest.hex)"), in: cache, &report)
        return try LoadedHead(slots, packed, kernels: kernels)
    }
}

// MARK: - Encoders

extension ModelLoader {
    private typealias LoadedEncoder = (encoder: Encoder, report: LoadReport)

    private func encoder(
        _ specification: EncoderSpecification, _ precision: Precision?, _ head: LoadedHead
    ) throws(ModelError) -> LoadedEncoder {
        if let precision { return try encoder(specification, precision, in: cache) }
        guard kernels.computes(.bf16) else { return try encoder(specification, .f32, in: cache) }
        if let choice = cache.flatMap({ PrecisionChoice(of: weightsDigest, kernels, in: $0) }) {
            var loaded = try encoder(specification, choice.precision, in: cache)
            loaded.report.selfTestCosine = choice.cosine
            return loaded
        }
        return try selfTested(specification, head)
    }

    /// Compares bfloat16 with float32 on the self-test's texts, and takes the one that the outcome is for.
    private func selfTested(
        _ specification: EncoderSpecification, _ head: LoadedHead
    ) throws(ModelError) -> LoadedEncoder {
        var exact = try encoder(specification, .f32, in: nil)
        var fast = try encoder(specification, .bf16, in: cache)
        let choice = PrecisionChoice(
            cosine: leastCosine(
                try selfTestVectors(exact.encoder, head), try selfTestVectors(fast.encoder, head),
                dimensions: selfTestDimensions))
        if let cache {
            choice.save(for: weightsDigest, kernels, in: cache)
            if choice.precision == .f32 { exact = try encoder(specification, .f32, in: cache) }
        }
        exact.report.selfTestCosine = choice.cosine
        fast.report.selfTestCosine = choice.cosine
        return choice.precision == .bf16 ? fast : exact
    }

    /// Scores have no cosine worth looking at; of a reranker, what its classifier sees is compared.
    private var selfTestsHead: Bool { repository.kind == .embedder }

    private var selfTestDimensions: Int {
        var head = repository.head.source
        if !selfTestsHead { head.stages = [] }
        return head.outputs(width: description.hidden)
    }

    private func selfTestVectors(_ encoder: Encoder, _ head: LoadedHead) throws(ModelError) -> [Float] {
        let texts = PrecisionChoice.texts
        let batch = texts.indices.map { index in
            let encoding =
                repository.kind == .embedder
                ? tokenizer.encode(texts[index], maximumTokens: description.maxTokens)
                : tokenizer.encode(
                    texts[index], pair: texts[(index + 1) % texts.count], maximumTokens: description.maxTokens)
            return TokenizedText(ids: encoding.ids, typeIDs: encoding.typeIDs, tokens: encoding.sourceTokenCount)
        }
        let model = TextModel(body: .encoder(encoder), head: selfTestsHead ? head : head.poolingOnly)
        var vectors: [Float] = []
        try model.compute(
            batch, TextModel.Output(count: selfTestDimensions), workspace: Workspace(), team: nil, into: &vectors)
        return vectors
    }

    private func encoder(
        _ specification: EncoderSpecification, _ precision: Precision, in cache: InferenceCache?
    ) throws(ModelError) -> LoadedEncoder {
        var plan = PackingPlan(kernels: kernels, precision: precision)
        let slots = try specification.layers.map(
            table: { source throws(ModelError) in plan.add(try weights.tensor(source)) },
            linear: { plan.add($0) }, norm: { plan.add($0) })
        var report = LoadReport(instructionSet: kernels.name, precision: precision, packing: .memory, warnings: [])
        report.packedBytes = plan.size
        let packed = try packedWeights(plan, from: weights, weightsDigest, in: cache, &report)
        return (try Encoder(slots, packed, positions: specification.positions, kernels: kernels), report)
    }

    private func packedWeights(
        _ plan: PackingPlan, from weights: WeightFiles, _ digest: Digest, in cache: InferenceCache?,
        _ report: inout LoadReport
    ) throws(ModelError) -> PackedWeights {
        func tell(_ completed: Int) {
            progress(LoadProgress(stage: .packing, completed: completed, total: plan.size))
        }
        if let cache {
            let file = PackedFile(plan, weights: digest, in: cache)
            if let packed = file.open() {
                report.packing = .cached
                return packed
            }
            do {
                let packed = try file.build(from: weights, progress: tell)
                report.packing = .built
                return packed
            } catch {
                guard error.code == .unwritable else { throw error }
                report.warnings.append("packed weights are kept in memory: \(error)")
            }
        }
        return try PackedWeights(plan, from: weights, progress: tell)
    }

    /// A digest over those of the weight files, in the order of their names.
    private static func digest(
        _ weights: WeightFiles, _ cache: InferenceCache?, _ progress: (LoadProgress) -> Void
    ) -> Digest {
        let total = weights.files.reduce(0) { $0 + $1.bytes.count }
        var completed = 0
        func tell(_ count: Int) {
            progress(LoadProgress(stage: .hashing, completed: completed + count, total: total))
        }
        var digests: [Digest] = []
        for file in weights.files {
            if let digest = file.knownDigest {
                digests.append(digest)
            } else if let cache {
                digests.append(cache.digest(of: file, progress: tell))
            } else {
                digests.append(Digest(of: file.bytes, progress: tell))
            }
            completed += file.bytes.count
        }
        return Digest(of: digests.map(\.hex).joined(separator: "\n"))
    }
}
