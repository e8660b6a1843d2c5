// SPDX-License-Identifier: Apache-2.0
//
// One embedding request on one model: the pure steps from inputs to pieces, and
// from answers to the outcome.

import Inference

/// What is computed as one sequence: an input, or a stretch of an input that is averaged.
struct Piece: Sendable {
    /// Which of the job's distinct inputs it belongs to.
    let input: Int
    /// Which stretch of the input, of how many.
    let window: Int
    let windows: Int
    let text: TokenizedText
}

struct EmbedJob: Sendable {
    let request: EmbedRequest
    let model: ResidentModel
    let embedder: Embedder
    let spaceID: String
    let dimensions: Int
    let normalizes: Bool
    let arrival: ContinuousClock.Instant
    /// Where each distinct input stands in the request.
    let distinct: [Int]
    /// For each of the request's inputs, its place among the distinct; nil when all are distinct.
    private let places: [Int]?

    init(
        request: EmbedRequest, model: ResidentModel, embedder: Embedder, spaceID: String,
        arrival: ContinuousClock.Instant
    ) {
        self.request = request
        self.model = model
        self.embedder = embedder
        self.spaceID = spaceID
        self.arrival = arrival
        dimensions = request.dimensions ?? embedder.description.dimensions
        normalizes = request.normalize ?? embedder.description.normalize
        switch request.input {
        case .texts(let texts): (distinct, places) = Self.distinct(texts.map(ExactText.init))
        case .tokens(let sequences): (distinct, places) = Self.distinct(sequences)
        }
    }

    private static func distinct<Input: Hashable>(_ inputs: [Input]) -> (distinct: [Int], places: [Int]?) {
        guard inputs.count > 1 else { return (Array(inputs.indices), nil) }
        var seen: [Input: Int] = [:]
        var distinct: [Int] = []
        var places: [Int] = []
        seen.reserveCapacity(inputs.count)
        places.reserveCapacity(inputs.count)
        for (index, input) in inputs.enumerated() {
            if let place = seen[input] {
                places.append(place)
            } else {
                seen[input] = distinct.count
                places.append(distinct.count)
                distinct.append(index)
            }
        }
        return (distinct, distinct.count == inputs.count ? nil : places)
    }

    var terms: Terms { Terms(lane: request.lane, client: request.client, deadline: request.deadline) }

    /// Work of the same group can share a batch.
    var group: BatchGroup { BatchGroup(model: model.serial, dimensions: dimensions, normalizes: normalizes) }

    // MARK: - Sizes

    /// Below this, tokenizing and computing are one piece of work: handing it on would cost more than it gains.
    private static let smallBytes = 1 << 10

    /// Whether the request is one unit, tokenized when its turn comes.
    var isUndivided: Bool {
        bytes <= Self.smallBytes || (request.input.count == 1 && request.overlength != .average)
    }

    /// What the tokenizer will make of the inputs, more or less, in tokens.
    var estimatedTokens: Int {
        distinct.reduce(0) { $0 + estimatedTokens(of: $1) }
    }

    func estimatedTokens(of index: Int) -> Int {
        let limit = request.overlength == .average ? Int.max : embedder.description.maxTokens
        switch request.input {
        case .texts(let texts):
            let bytes = texts[index].utf8.count
            // All of a text is read, whatever is cut then.
            return max(min(limit, bytes / 4 + 3), bytes / EmbedService.bytesPerToken)
        case .tokens(let sequences): return max(1, sequences[index].count)
        }
    }

    /// Size of the distinct inputs, in bytes of text.
    private var bytes: Int { distinct.reduce(0) { $0 + byteCount(of: $1) } }

    private func byteCount(of index: Int) -> Int {
        switch request.input {
        case .texts(let texts): texts[index].utf8.count
        case .tokens(let sequences): sequences[index].count * 4
        }
    }

    /// Ranges of distinct inputs with about `size` bytes each.
    func slices(ofBytes size: Int) -> [(inputs: Range<Int>, bytes: Int)] {
        var slices: [(inputs: Range<Int>, bytes: Int)] = []
        var start = 0
        var bytes = 0
        for (place, index) in distinct.enumerated() {
            bytes += byteCount(of: index)
            if bytes >= size {
                slices.append((start..<place + 1, bytes))
                start = place + 1
                bytes = 0
            }
        }
        if start < distinct.count { slices.append((start..<distinct.count, bytes)) }
        return slices
    }

    // MARK: - Steps

    /// What the answers to some of the distinct inputs are known by elsewhere.
    func keys(of places: Range<Int>) -> [TextKey] {
        let prefix = TextKey.Prefix(space: spaceID, prompt: request.prompt, overlength: request.overlength)
        switch request.input {
        case .texts(let texts): return places.map { prefix.key(texts[distinct[$0]]) }
        case .tokens(let sequences): return places.map { prefix.key(sequences[distinct[$0]]) }
        }
    }

    /// The pieces of one of the distinct inputs.
    func pieces(of place: Int) throws(ServingError) -> [Piece] {
        let index = distinct[place]
        let texts: [TokenizedText]
        do throws(ModelError) {
            texts = try tokenize(index)
        } catch {
            throw ServingError(.invalidRequest, "input \(index): \(error.message)")
        }
        if request.overlength == .refuse, let text = texts.first { try refuse(text, index) }
        return texts.enumerated().map { window, text in
            Piece(input: place, window: window, windows: texts.count, text: text)
        }
    }

    private func tokenize(_ index: Int) throws(ModelError) -> [TokenizedText] {
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

    private func refuse(_ text: TokenizedText, _ index: Int) throws(ServingError) {
        let limit = embedder.description.maxTokens
        guard text.tokens > limit else { return }
        throw ServingError(
            .inputTooLong,
            "input \(index) has \(text.tokens) tokens, model '\(model.id)' takes \(limit); "
                + "shorten it, or let it be cut with truncation 'tail', 'head' or 'chunk_mean'")
    }

    /// The mean of an input's pieces weighted by their tokens, normalized when the pieces are.
    func average(_ parts: [Answer]) -> Answer {
        var mean = [Float](repeating: 0, count: dimensions)
        var weight: Float = 0
        for part in parts {
            for column in 0..<dimensions { mean[column] += part.vector[column] * Float(part.used) }
            weight += Float(part.used)
        }
        let divisor = normalizes ? mean.reduce(0) { $0 + $1 * $1 }.squareRoot() : weight
        if divisor > 0 { for column in 0..<dimensions { mean[column] /= divisor } }
        return Answer(
            vector: mean, tokens: parts.first?.tokens ?? 0, used: parts.reduce(0) { $0 + $1.used })
    }

    /// What the distinct inputs came to, for all inputs.
    func spread<Value>(_ answers: [Value]) -> [Value] { (0..<request.input.count).map { answers[places?[$0] ?? $0] } }

    /// Assembles one vector per input and reports what was cut.
    func outcome(_ answers: [Answer], cost: EmbedOutcome.Cost) -> EmbedOutcome {
        var outcome = EmbedOutcome(
            model: model.id, spaceID: spaceID, dimensions: dimensions, vectors: [], tokens: 0, truncated: [],
            cost: cost)
        outcome.vectors.reserveCapacity(request.input.count * dimensions)
        for index in 0..<request.input.count {
            let answer = answers[places?[index] ?? index]
            outcome.vectors.append(contentsOf: answer.vector)
            outcome.tokens += answer.used
            if answer.used < answer.tokens, request.overlength != .average {
                outcome.truncated.append(Truncated(index: index, tokens: answer.tokens, used: answer.used))
            }
        }
        return outcome
    }
}

/// A text that equals only the same bytes. For strings, "é" and "e" with an accent are the same; for many models they are
/// not.
private struct ExactText: Hashable {
    let text: String

    static func == (first: ExactText, second: ExactText) -> Bool { first.text.utf8.elementsEqual(second.text.utf8) }

    func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }
}
