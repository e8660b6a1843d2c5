// SPDX-License-Identifier: Apache-2.0
//
// From a folder to an embedder: read, check, digest, pack, choose a precision.

internal import JSON
internal import Tokenizers

extension Embedder {
    /// Loads a repository in the Hugging Face or sentence-transformers layout.
    /// - Parameter progress: called on this thread while something takes long.
    /// - Throws: see `ModelError.Code`; the message says what is wrong with which file, and what to do.
    public static func load(
        folder: String, options: LoadOptions = LoadOptions(), progress: (LoadProgress) -> Void = { _ in }
    ) throws(ModelError) -> Embedder {
        try ModelLoader(folder: folder, options: options, progress: progress).load(options.precision, progress)
    }
}

/// Everything about a model but the weights in the kernels' format, which depend on the precision.
private struct ModelLoader {
    let repository: ModelRepository
    let weights: WeightFiles
    let description: ModelDescription
    let tokenizer: Tokenizer
    let kernels: Kernels
    let cache: InferenceCache?
    let weightsDigest: Digest
    let space: SpaceDefinition

    init(folder: String, options: LoadOptions, progress: (LoadProgress) -> Void) throws(ModelError) {
        kernels = try options.instructionSet.map(Kernels.init(named:)) ?? .best
        cache = options.cacheDirectory.map(InferenceCache.init(path:))
        repository = try ModelRepository(path: folder)
        weights = try WeightFiles(repository.folder)
        description = try repository.description(of: weights)
        let tokenizerFile = try repository.tokenizerFile()
        tokenizer = try repository.tokenizer(tokenizerFile)
        weightsDigest = Self.digest(weights, cache, progress)
        space = SpaceDefinition(
            description: description, weights: weightsDigest, tokenizer: Digest(of: tokenizerFile.bytes),
            lowercases: repository.lowercases, dimensions: description.dimensions, normalize: description.normalize)
    }

    /// Loads with a precision; nil for the fastest that is exact enough.
    func load(_ precision: Precision?, _ progress: (LoadProgress) -> Void) throws(ModelError) -> Embedder {
        if let precision { return try embedder(precision, progress) }
        guard kernels.computes(.bf16) else { return try embedder(.f32, progress) }
        if let choice = cache.flatMap({ PrecisionChoice(of: weightsDigest, kernels, in: $0) }) {
            return try embedder(choice.precision, cosine: choice.cosine, progress)
        }
        return try selfTested(progress)
    }

    /// Compares bfloat16 with float32 on the self-test's texts, and takes the one that the outcome is for.
    private func selfTested(_ progress: (LoadProgress) -> Void) throws(ModelError) -> Embedder {
        let exact = try embedder(.f32, in: nil, progress)
        let fast = try embedder(.bf16, progress)
        let workspace = Workspace()
        var vectors: (exact: [Float], fast: [Float]) = ([], [])
        var texts: [TokenizedText] = []
        for text in PrecisionChoice.texts { texts.append(try exact.tokenize(text)) }
        try exact.embed(texts, workspace: workspace, into: &vectors.exact)
        try fast.embed(texts, workspace: workspace, into: &vectors.fast)
        let cosine = leastCosine(vectors.exact, vectors.fast, dimensions: description.dimensions)
        let choice = PrecisionChoice(precision: cosine >= PrecisionChoice.leastCosine ? .bf16 : .f32, cosine: cosine)
        if let cache { choice.save(for: weightsDigest, kernels, in: cache) }
        return try embedder(choice.precision, cosine: cosine, progress)
    }

    private func embedder(
        _ precision: Precision, cosine: Float? = nil, _ progress: (LoadProgress) -> Void
    ) throws(ModelError) -> Embedder {
        try embedder(precision, in: cache, cosine: cosine, progress)
    }

    private func embedder(
        _ precision: Precision, in cache: InferenceCache?, cosine: Float? = nil, _ progress: (LoadProgress) -> Void
    ) throws(ModelError) -> Embedder {
        var plan = PackingPlan(kernels: kernels, precision: precision)
        let slots = try repository.specification.layers.map(
            table: { source throws(ModelError) in plan.add(try weights.tensor(source)) },
            linear: { plan.add($0) }, norm: { plan.add($0) })
        var report = LoadReport(
            instructionSet: kernels.name, precision: precision, selfTestCosine: cosine, packing: .memory, warnings: [])
        let packed = try packedWeights(plan, in: cache, &report, progress)
        return Embedder(
            description: description, encoder: try Encoder(slots, packed, kernels: kernels), tokenizer: tokenizer,
            space: space, report: report)
    }

    private func packedWeights(
        _ plan: PackingPlan, in cache: InferenceCache?, _ report: inout LoadReport,
        _ progress: (LoadProgress) -> Void
    ) throws(ModelError) -> PackedWeights {
        func tell(_ completed: Int) {
            progress(LoadProgress(stage: .packing, completed: completed, total: plan.size))
        }
        if let cache {
            let file = PackedFile(plan, weights: weightsDigest, in: cache)
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
            if let cache {
                digests.append(cache.digest(of: file, progress: tell))
            } else {
                digests.append(Digest(of: file.bytes, progress: tell))
            }
            completed += file.bytes.count
        }
        return Digest(of: digests.map(\.hex).joined(separator: "\n"))
    }
}
