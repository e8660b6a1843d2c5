// SPDX-License-Identifier: Apache-2.0
//
// One embedding request on one model: the pure steps that compute threads run.

import Inference

/// What is computed as one sequence: an input, or a stretch of an input that is averaged.
struct Piece: Sendable {
    let input: Int
    let text: TokenizedText
}

struct EmbedJob: Sendable {
    let request: EmbedRequest
    let model: ResidentModel
    let dimensions: Int
    let arrival: ContinuousClock.Instant

    /// Whether the request is one piece of work: a single sequence, or so little that handing it on would cost more
    /// than it gains.
    var isUndivided: Bool {
        if case .average = request.overlength { return bytes <= 1 << 10 }
        return request.input.count == 1 || bytes <= 1 << 10
    }

    /// Size of the input, in bytes of text.
    private var bytes: Int {
        switch request.input {
        case .texts(let texts): texts.reduce(0) { $0 + $1.utf8.count }
        case .tokens(let sequences): sequences.reduce(0) { $0 + $1.count * 4 }
        }
    }

    /// Ranges of inputs with about `size` bytes each.
    func slices(ofBytes size: Int) -> [Range<Int>] {
        var slices: [Range<Int>] = []
        var start = 0
        var bytes = 0
        for index in 0..<request.input.count {
            bytes += byteCount(of: index)
            if bytes >= size {
                slices.append(start..<index + 1)
                start = index + 1
                bytes = 0
            }
        }
        if start < request.input.count { slices.append(start..<request.input.count) }
        return slices
    }

    private func byteCount(of index: Int) -> Int {
        switch request.input {
        case .texts(let texts): texts[index].utf8.count
        case .tokens(let sequences): sequences[index].count * 4
        }
    }

    func tokenize(_ inputs: Range<Int>) throws(ServingError) -> (pieces: [Piece], cost: EmbedOutcome.Cost) {
        let start = try begin()
        var pieces: [Piece] = []
        pieces.reserveCapacity(inputs.count)
        for index in inputs {
            do throws(ModelError) {
                for text in try tokenize(index) { pieces.append(Piece(input: index, text: text)) }
            } catch {
                throw ServingError(.invalidRequest, "input \(index): \(error.message)")
            }
            if request.overlength == .refuse, let piece = pieces.last { try refuse(piece) }
        }
        return (pieces, EmbedOutcome.Cost(queue: start - arrival, tokenize: ContinuousClock.now - start))
    }

    private func tokenize(_ index: Int) throws(ModelError) -> [TokenizedText] {
        let embedder = model.embedder
        switch request.input {
        case .tokens(let sequences): return [try embedder.tokenized(ids: sequences[index])]
        case .texts(let texts):
            switch request.overlength {
            case .cutEnd: return [try embedder.tokenize(texts[index], prompt: request.prompt, truncation: .end)]
            case .cutBeginning: return [try embedder.tokenize(texts[index], prompt: request.prompt, truncation: .start)]
            case .refuse: return [try embedder.tokenize(texts[index], prompt: request.prompt, truncation: .none)]
            case .average: return try embedder.windows(of: texts[index], prompt: request.prompt)
            }
        }
    }

    private func refuse(_ piece: Piece) throws(ServingError) {
        let limit = model.embedder.description.maxTokens
        guard piece.text.tokens > limit else { return }
        throw ServingError(
            .inputTooLong,
            "input \(piece.input) has \(piece.text.tokens) tokens, model '\(model.id)' takes \(limit); "
                + "shorten it, or let it be cut with truncation 'tail', 'head' or 'chunk_mean'")
    }

    /// Indices of pieces in batches of at most `tokens` tokens (or one piece), longest pieces first: pieces of
    /// like length lie together and the short ones fill the threads' last moments.
    func batches(of pieces: [Piece], tokens: Int) -> [[Int]] {
        var batches: [[Int]] = []
        var batch: [Int] = []
        var total = 0
        let order = pieces.indices.sorted { pieces[$0].text.ids.count > pieces[$1].text.ids.count }
        for index in order {
            let count = pieces[index].text.ids.count
            if !batch.isEmpty, total + count > tokens {
                batches.append(batch)
                batch = []
                total = 0
            }
            batch.append(index)
            total += count
        }
        if !batch.isEmpty { batches.append(batch) }
        return batches
    }

    func compute(
        _ pieces: [Piece], _ workspace: Workspace, team: ComputeTeam? = nil
    ) throws(ServingError) -> (vectors: [Float], time: Duration) {
        let start = try begin()
        var vectors: [Float] = []
        do throws(ModelError) {
            try model.embedder.embed(
                pieces.map(\.text), workspace: workspace, team: team, normalize: request.normalize,
                dimensions: request.dimensions, into: &vectors)
        } catch {
            throw ServingError(.invalidRequest, error.message)
        }
        return (vectors, ContinuousClock.now - start)
    }

    /// Everything in one go, on one thread and those that are idle.
    func computeUndivided(
        _ workspace: Workspace, team: ComputeTeam?
    ) throws(ServingError) -> (pieces: [Piece], vectors: [Float], cost: EmbedOutcome.Cost) {
        var (pieces, cost) = try tokenize(0..<request.input.count)
        let (vectors, time) = try compute(pieces, workspace, team: team)
        cost.inference = time
        return (pieces, vectors, cost)
    }

    /// Assembles one vector per input and reports what was cut.
    func outcome(spaceID: String, pieces: [Piece], vectors: [Float], cost: EmbedOutcome.Cost) -> EmbedOutcome {
        var outcome = EmbedOutcome(
            model: model.id, spaceID: spaceID, dimensions: dimensions, vectors: vectors,
            tokens: pieces.reduce(0) { $0 + $1.text.used }, truncated: [], cost: cost)
        for piece in pieces where piece.text.used < piece.text.tokens && request.overlength != .average {
            outcome.truncated.append(
                Truncated(index: piece.input, tokens: piece.text.tokens, used: piece.text.used))
        }
        if pieces.count > request.input.count { outcome.vectors = averaged(pieces, vectors) }
        return outcome
    }

    /// The mean of each input's pieces weighted by their tokens, normalized when the pieces are.
    private func averaged(_ pieces: [Piece], _ vectors: [Float]) -> [Float] {
        var means = [Float](repeating: 0, count: request.input.count * dimensions)
        for (row, piece) in pieces.enumerated() {
            for column in 0..<dimensions {
                means[piece.input * dimensions + column] +=
                    vectors[row * dimensions + column] * Float(piece.text.used)
            }
        }
        var weights = [Float](repeating: 0, count: request.input.count)
        for piece in pieces { weights[piece.input] += Float(piece.text.used) }
        let normalizes = request.normalize ?? model.embedder.description.normalize
        for input in weights.indices {
            let row = input * dimensions..<(input + 1) * dimensions
            let norm = means[row].reduce(0) { $0 + $1 * $1 }.squareRoot()
            let divisor = normalizes ? norm : weights[input]
            for index in row where divisor > 0 { means[index] /= divisor }
        }
        return means
    }

    /// The moment work begins, if it is not too late for it.
    private func begin() throws(ServingError) -> ContinuousClock.Instant {
        let now = ContinuousClock.now
        if let deadline = request.deadline, now > deadline {
            throw ServingError(
                .deadlineExceeded,
                "the deadline passed \((now - deadline) / .milliseconds(1)) ms before a thread was free")
        }
        return now
    }
}

extension EmbedOutcome.Cost {
    /// Adds another thread's time; the request waited as long as its first piece of work did.
    mutating func add(_ other: EmbedOutcome.Cost) {
        queue = queue == .zero ? other.queue : min(queue, other.queue)
        tokenize += other.tokenize
        inference += other.inference
    }
}
