// SPDX-License-Identifier: Apache-2.0
//
// Late interaction with any embedding model: the vectors of single tokens, and a score of two texts by them.

internal import CKernels

/// The vectors of a text's tokens.
public struct TokenVectors: Sendable, Hashable {
    public let dimensions: Int
    /// [count, dimensions], row-major.
    public let values: [Float]

    public var count: Int { values.count / dimensions }
}

extension TokenVectors {
    /// An approximation of how well a document answers a query, from -1 to 1: the mean, over the query's tokens, of
    /// their cosine to the nearest token of the document; 0 where either has no tokens.
    ///
    /// This is the MaxSim of ColBERT (Khattab and Zaharia 2020, arXiv:2004.12832), divided by the number of query
    /// tokens. Models that were not trained for it have no reason to place single tokens well, so it is only an
    /// approximation of what a cross-encoder would say, and of use where there is none.
    public func approximateRelevance(of document: TokenVectors) -> Float {
        guard count > 0, document.count > 0, dimensions == document.dimensions else { return 0 }
        guard let dot = Kernels.best.table.pointee.dot else { return 0 }
        return values.withUnsafeBufferPointer { query in
            document.values.withUnsafeBufferPointer { document in
                guard let query = query.baseAddress, let other = document.baseAddress else { return 0 }
                var sum: Float = 0
                for token in 0..<count {
                    var nearest = -Float.infinity
                    for offset in stride(from: 0, to: document.count, by: dimensions) {
                        nearest = max(nearest, dot(query + token * dimensions, other + offset, Int64(dimensions)))
                    }
                    sum += nearest
                }
                return sum / Float(count)
            }
        }
    }
}

extension Embedder {
    /// Computes the vectors of the tokens of every text, before pooling, each scaled to length 1.
    ///
    /// Tokens of the prompt and special tokens take part in the computation, but have no vector in the result: they
    /// stand for no word of the text, are much the same in every text, and so would match each other. Of a text that
    /// has no other tokens, all are kept.
    /// - Parameters: as in `embed`.
    /// - Throws: as `embed` does.
    public func tokenVectors(
        _ batch: [TokenizedText], workspace: Workspace, team: ComputeTeam? = nil
    ) throws(ModelError) -> [TokenVectors] {
        let vectors = try model.tokenVectors(
            batch, keeping: batch.map(textTokenizer.tokensOfText), scaled: true, workspace: workspace, team: team)
        return vectors.map { TokenVectors(dimensions: model.tokenDimensions, values: $0) }
    }

    /// What pooling would see: the vectors of all tokens of every text, special ones included, as the model gives
    /// them.
    /// - Parameters: as in `embed`.
    /// - Throws: as `embed` does.
    public func unpooledVectors(
        _ batch: [TokenizedText], workspace: Workspace, team: ComputeTeam? = nil
    ) throws(ModelError) -> [TokenVectors] {
        let vectors = try model.tokenVectors(
            batch, keeping: batch.map { Array($0.ids.indices) }, scaled: false, workspace: workspace, team: team)
        return vectors.map { TokenVectors(dimensions: model.tokenDimensions, values: $0) }
    }
}

extension TextTokenizer {
    /// The positions of the tokens that stand for the text itself; of all, where there are no such.
    fileprivate func tokensOfText(_ text: TokenizedText) -> [Int] {
        let own = text.ids.indices.dropFirst(text.promptTokens).filter { !specialIDs.contains(text.ids[$0]) }
        return own.isEmpty ? Array(text.ids.indices) : own
    }
}

extension TextModel {
    /// Values of a token's vector.
    fileprivate var tokenDimensions: Int {
        let width =
            switch body {
            case .encoder(let encoder): encoder.hidden
            case .table(let table): table.dimensions
            }
        return head.layers.tokenStages.reduce(width) { width, stage in
            if case .dense(let linear, _) = stage { linear.rows } else { width }
        }
    }

    /// The vectors of some tokens of every text, scaled to length 1 or as they are.
    fileprivate func tokenVectors(
        _ batch: [TokenizedText], keeping tokens: [[Int]], scaled: Bool, workspace: Workspace, team: ComputeTeam?
    ) throws(ModelError) -> [[Float]] {
        for text in batch { try validate(text) }
        let width = tokenDimensions
        var vectors = tokens.map { [Float](repeating: 0, count: $0.count * width) }
        try vectors.withUnsafeMutableBufferPointer { vectors throws(ModelError) in
            guard let vectors = vectors.baseAddress else { return }
            switch body {
            case .encoder(let encoder):
                try lead(team, workspace) { crew throws(ModelError) in
                    try encoder.forEachPass(of: batch, for: nil, in: workspace, crew) { texts, hidden in
                        let count = batch[texts].reduce(0) { $0 + $1.ids.count }
                        let rows = head.tokenRows(hidden, count: count, width: encoder.hidden)
                        var first = 0
                        for text in texts {
                            fill(&vectors[text], width, scaled) { rows[first + tokens[text][$0]] }
                            first += batch[text].ids.count
                        }
                    }
                }
            case .table(let table):
                for (text, tokens) in tokens.enumerated() {
                    let rows = LoadedHead.Rows(count: tokens.count, width: width)
                    for (row, token) in tokens.enumerated() {
                        table.add(batch[text].ids[token], to: rows[row], head.kernels)
                    }
                    fill(&vectors[text], width, scaled) { rows[$0] }
                }
            }
        }
        workspace.trim()
        return vectors
    }

    /// Copies rows to vectors.
    private func fill(
        _ vectors: inout [Float], _ width: Int, _ scaled: Bool, row: (Int) -> UnsafeMutablePointer<Float>
    ) {
        vectors.withUnsafeMutableBufferPointer { vectors in
            guard let base = vectors.baseAddress else { return }
            for index in 0..<vectors.count / width {
                let vector = base + index * width
                vector.update(from: row(index), count: width)
                if scaled { scaleToLengthOne(vector, width, head.kernels) }
            }
        }
    }
}
