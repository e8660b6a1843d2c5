// SPDX-License-Identifier: Apache-2.0
//
// Which tensors a static embedding model consists of: sentence-transformers' StaticEmbedding, or Model2Vec.

struct TokenTableSource: Sendable {
    let weights: WeightFiles
    /// [rows, dimensions]
    let rows: Tensor
    /// The row of every token id, where it is not the id itself.
    let mapping: Tensor?
    /// What every token id's row is multiplied by.
    let factors: Tensor?
    /// Whether unknown tokens are left out, as model2vec itself does; sentence-transformers averages over them too.
    let skipsUnknownTokens: Bool

    var dimensions: Int { rows.shape[1] }
    /// Token ids are below this.
    var vocabulary: Int { mapping?.elementCount ?? rows.shape[0] }

    /// Finds the tensors; nil where the repository is not one of a static model.
    /// - Throws: `.tensorMissing`, `.tensorShape` or `.unsupported` for what is there but cannot be used.
    init?(_ folder: ModelFolder, _ modules: SentenceModules?, _ configuration: Configuration?) throws(ModelError) {
        if let modules {
            guard modules.first.kind == .staticEmbedding else { return nil }
        } else {
            guard try configuration?.string("model_type") == "model2vec" else { return nil }
        }
        skipsUnknownTokens = modules == nil
        weights = try WeightFiles(folder)
        guard let rows = weights["embedding.weight"] ?? weights["embeddings"] else {
            throw ModelError(
                .tensorMissing, "\(folder.path) has no tensor 'embedding.weight' and none called 'embeddings'")
        }
        guard rows.shape.count == 2, rows.shape.allSatisfy({ (1...Configuration.largestSize * 16).contains($0) }) else {
            throw ModelError(.tensorShape, "tensor '\(rows.name)' has the shape \(rows.shape), not [rows, dimensions]")
        }
        guard rows.dataType.isWeightType || rows.dataType == .i8 else {
            throw ModelError(
                .unsupported,
                "tensor '\(rows.name)' is of type \(rows.dataType.rawValue); F32, F16, BF16 and I8 can be used")
        }
        self.rows = rows
        // A table under sentence-transformers' own name stands for itself.
        let isFolded = rows.name == "embedding.weight"
        mapping = isFolded ? nil : weights["mapping"]
        factors = isFolded ? nil : weights["weights"]
        for tensor in [mapping, factors].compactMap({ $0 }) where tensor.shape != [vocabulary] {
            throw ModelError(
                .tensorShape, "tensor '\(tensor.name)' has the shape \(tensor.shape), not [\(vocabulary)] as it should")
        }
    }
}
