// SPDX-License-Identifier: Apache-2.0
//
// Where vectors come from, as a sync sees it: a function. It knows no models and no sockets.

/// Turns texts into vectors of one space.
public struct SyncEmbedder: Sendable {
    /// What is asked for at a time.
    public struct Limits: Sendable, Hashable {
        /// Texts in a batch.
        public var texts = 64
        /// UTF-8 bytes of a batch's texts. A text that is larger goes alone.
        public var bytes = 128 << 10
        /// Batches that are waited for at once.
        public var batches = 4

        public init() {}
    }

    public struct Answer: Sendable, Hashable {
        /// Row-major: as many rows as texts, of as many components as the space has dimensions.
        public var vectors: [Float]
        /// Tokens of all texts, where that is known.
        public var tokens: Int

        public init(vectors: [Float], tokens: Int = 0) {
            self.vectors = vectors
            self.tokens = tokens
        }
    }

    public let space: VectorSpace
    public let limits: Limits
    let embed: @Sendable ([String]) async throws -> Answer

    /// - Parameter embed: embeds texts as documents. Called for several batches at once.
    public init(
        space: VectorSpace, limits: Limits = Limits(), embed: @escaping @Sendable ([String]) async throws -> Answer
    ) {
        self.space = space
        self.limits = limits
        self.embed = embed
    }

    /// The vectors of texts, checked.
    func vectors(of texts: [String]) async throws(SearchError) -> Answer {
        let answer: Answer
        do {
            answer = try await embed(texts)
        } catch {
            if error is CancellationError || Task.isCancelled { throw .cancelled }
            throw (error as? SearchError)
                ?? SearchError(.embedding, "'\(space.model)' could not embed \(texts.count) texts: \(error)")
        }
        guard answer.vectors.count == texts.count * space.dimensions else {
            throw SearchError(
                .embedding,
                "'\(space.model)' gave \(answer.vectors.count) numbers for \(texts.count) texts, which should have"
                    + " \(space.dimensions) each")
        }
        guard answer.vectors.allSatisfy(\.isFinite) else {
            throw SearchError(.embedding, "'\(space.model)' gave a vector that is not finite")
        }
        return answer
    }
}
