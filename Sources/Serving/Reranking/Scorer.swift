// SPDX-License-Identifier: Apache-2.0
//
// One reranking request on one model: the pure steps that compute threads run.

import Inference

struct Scorer: Sendable {
    let request: RerankRequest
    let model: ResidentModel

    /// - Throws: `.invalidRequest` for a cross-encoder that gives more than one score.
    init(_ model: ResidentModel, _ request: RerankRequest) throws(ServingError) {
        self.request = request
        self.model = model
        if case .reranker(let reranker) = model.model, reranker.classification.labels.count != 1 {
            let labels = reranker.classification.labels.joined(separator: ", ")
            throw ServingError(
                .invalidRequest,
                "model '\(model.id)' tells the labels \(labels) apart and ranks nothing; use a model with one label")
        }
    }

    var method: RerankOutcome.Method {
        switch model.model {
        case .reranker: .crossEncoder
        case .embedder: .lateInteraction
        }
    }

    func byteCount(of document: Int) -> Int {
        request.documents[document].utf8.count + (method == .crossEncoder ? request.query.utf8.count : 0)
    }

    /// What the tokenizer will make of it all, more or less.
    var estimatedTokens: Int {
        request.documents.indices.reduce(0) {
            $0 + min(model.description.maxTokens, byteCount(of: $1) / 4 + 3)
        }
    }

    /// A document, or a document with the query.
    func tokenize(_ document: Int) throws(ServingError) -> TokenizedText {
        do throws(ModelError) {
            switch model.model {
            case .reranker(let reranker):
                return try reranker.tokenize(query: request.query, document: request.documents[document])
            case .embedder(let embedder):
                return try embedder.tokenize(request.documents[document], prompt: .document)
            }
        } catch {
            throw ServingError(.invalidRequest, "document \(document): \(error.message)")
        }
    }

    /// The vectors of the query's tokens; nil for a cross-encoder.
    func queryVectors(_ context: ComputeContext) throws(ServingError) -> TokenVectors? {
        guard case .embedder(let embedder) = model.model else { return nil }
        do throws(ModelError) {
            let text = try embedder.tokenize(request.query, prompt: .query)
            return try embedder.tokenVectors([text], workspace: context.workspace, team: context.team).first
        } catch {
            throw ServingError(.invalidRequest, "query: \(error.message)")
        }
    }

    /// A score for each of some documents.
    func scores(
        _ texts: [TokenizedText], _ query: TokenVectors?, _ context: ComputeContext
    ) throws(ServingError) -> [Float] {
        do throws(ModelError) {
            switch model.model {
            case .reranker(let reranker):
                var scores: [Float] = []
                try reranker.scores(
                    texts, workspace: context.workspace, team: context.team, raw: request.wantsRawScores, into: &scores)
                return scores
            case .embedder(let embedder):
                let documents = try embedder.tokenVectors(texts, workspace: context.workspace, team: context.team)
                return documents.map { query?.approximateRelevance(of: $0) ?? 0 }
            }
        } catch {
            throw ServingError(.invalidRequest, error.message)
        }
    }
}
