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
        weights = repository.weights
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
        let (encoder, report) = try encoder(precision, progress)
        for file in weights.files { file.releasePages() }
        return Embedder(
            description: description, encoder: encoder, tokenizer: tokenizer, space: space, report: report)
    }

    private typealias Loaded = (encoder: Encoder, report: LoadReport)

    private func encoder(_ precision: Precision?, _ progress: (LoadProgress) -> Void) throws(ModelError) -> Loaded {
        if let precision { return try encoder(precision, in: cache, progress) }
        guard kernels.computes(.bf16) else { return try encoder(.f32, in: cache, progress) }
        if let choice = cache.flatMap({ PrecisionChoice(of: weightsDigest, kernels, in: $0) }) {
            var loaded = try encoder(choice.precision, in: cache, progress)
            loaded.report.selfTestCosine = choice.cosine
            return loaded
        }
        return try selfTested(progress)
    }

    /// Compares bfloat16 with float32 on the self-test's texts, and takes the one that the outcome is for.
    private func selfTested(_ progress: (LoadProgress) -> Void) throws(ModelError) -> Loaded {
        var exact = try encoder(.f32, in: nil, progress)
        var fast = try encoder(.bf16, in: cache, progress)
        let choice = PrecisionChoice(
            cosine: leastCosine(
                try selfTestVectors(exact.encoder), try selfTestVectors(fast.encoder),
                dimensions: description.dimensions))
        if let cache {
            choice.save(for: weightsDigest, kernels, in: cache)
            if choice.precision == .f32 { exact = try encoder(.f32, in: cache, progress) }
        }
        exact.report.selfTestCosine = choice.cosine
        fast.report.selfTestCosine = choice.cosine
        return choice.precision == .bf16 ? fast : exact
    }

    private func selfTestVectors(_ encoder: Encoder) throws(ModelError) -> [Float] {
        let batch = PrecisionChoice.texts.map { text in
            let encoding = tokenizer.encode(text, maximumTokens: description.maxTokens)
            return TokenizedText(ids: encoding.ids, typeIDs: encoding.typeIDs, tokens: encoding.sourceTokenCount)
        }
        let output = PooledOutput(pooling: description.pooling, dimensions: description.dimensions, normalize: false)
        return try encoder.embed(batch, output, in: Workspace())
    }

    private func encoder(
        _ precision: Precision, in cache: InferenceCache?, _ progress: (LoadProgress) -> Void
    ) throws(ModelError) -> Loaded {
        var plan = PackingPlan(kernels: kernels, precision: precision)
        let slots = try repository.specification.layers.map(
            table: { source throws(ModelError) in plan.add(try weights.tensor(source)) },
            linear: { plan.add($0) }, norm: { plan.add($0) })
        var report = LoadReport(instructionSet: kernels.name, precision: precision, packing: .memory, warnings: [])
        let packed = try packedWeights(plan, in: cache, &report, progress)
        let positions = repository.specification.positions
        return (try Encoder(slots, packed, positions: positions, kernels: kernels), report)
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
