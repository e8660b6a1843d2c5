// SPDX-License-Identifier: Apache-2.0
//
// Vectors of single tokens, and tokens back to text.

public import Inference

public struct TokenVectorsOutcome: Sendable {
    public var model: String
    /// For each text the vectors of all its tokens, special ones included.
    public var vectors: [TokenVectors]
    /// Tokens computed.
    public var tokens: Int
}

extension EmbedService {
    /// The vectors of every token of every input, as pooling would see them.
    /// - Throws: as `embed` does, and `.invalidRequest` for inputs that are to be averaged.
    public func tokenVectors(
        _ request: EmbedRequest, progress: ModelPool.ProgressHandler? = nil
    ) async throws(ServingError) -> TokenVectorsOutcome {
        guard request.overlength != .average else {
            throw ServingError(.invalidRequest, "vectors of single tokens cannot be averaged; cut the text instead")
        }
        let model = try await models.acquire(request.model, deadline: request.deadline, progress: progress)
        defer { models.release(model) }
        let embedder = try model.embedder()
        let job = EmbedJob(request: request, model: model, embedder: embedder, spaceID: "", arrival: .now)
        let tokens = job.estimatedTokens
        try threads.enter(tokens, of: request.client, in: request.lane)
        defer { threads.leave(tokens, of: request.client, in: request.lane) }
        let sizes = job.distinct.indices.map { job.estimatedTokens(of: job.distinct[$0]) }
        let computed = try await threads.each(sizes: sizes, job.terms) { place, context throws(ServingError) in
            let texts = try job.pieces(of: place).map(\.text)
            do throws(ModelError) {
                return try embedder.unpooledVectors(texts, workspace: context.workspace, team: context.team)
            } catch {
                throw ServingError(.invalidRequest, "input \(job.distinct[place]): \(error.message)")
            }
        }
        // A text that is not averaged is one piece.
        let vectors = job.spread(computed.flatMap(\.self))
        return TokenVectorsOutcome(
            model: model.id, vectors: vectors, tokens: vectors.reduce(0) { $0 + $1.count })
    }

    /// The texts that tokens of a model stand for.
    public func decode(
        _ lists: [[Int32]], model name: String?, skippingSpecialTokens: Bool
    ) async throws(ServingError) -> [String] {
        let model = try await models.acquire(name)
        defer { models.release(model) }
        let embedder = try model.embedder()
        let vocabulary = embedder.description.vocabulary
        for ids in lists {
            if let id = ids.first(where: { $0 < 0 || $0 >= vocabulary }) {
                throw ServingError(
                    .invalidRequest, "token id \(id) is not in the vocabulary of \(vocabulary) tokens")
            }
        }
        let sizes = lists.map { $0.count / 64 }
        return try await threads.each(sizes: sizes, Terms(lane: .interactive)) { index, _ throws(ServingError) in
            embedder.text(of: lists[index], skipsSpecialTokens: skippingSpecialTokens)
        }
    }

    /// How much may be on its way at a time.
    public var admissionLimits: AdmissionLimits { threads.admissionLimits }

    public var threadCount: Int { threads.count }
}
