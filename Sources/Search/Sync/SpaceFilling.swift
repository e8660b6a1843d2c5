// SPDX-License-Identifier: Apache-2.0
//
// Gives every text of the index a vector in one space. The embedder always has
// a few batches; what it gives back is written while it works on the next ones.

import Threads

struct SpaceFilling: Sendable {
    /// Texts that are ordered by length together: batches of equal lengths are the fastest.
    private static let window = 2048
    /// Vectors are written when there are so many, or the last ones were written so long ago.
    private static let saveCount = 2048
    private static let saveInterval = Duration.seconds(1)

    let writer: IndexWriter
    let embedder: SyncEmbedder
    let report: SyncReport

    /// - Parameter arrivals: says when there may be new texts, until it ends; nil when there will be none.
    /// - Returns: how many texts were embedded.
    func run(arrivals: AsyncStream<Void>?) async throws(SearchError) -> Int {
        do {
            return try await fill(arrivals: arrivals)
        } catch {
            throw (error as? SearchError) ?? .cancelled
        }
    }

    func runToResult(arrivals: AsyncStream<Void>) async -> Result<Int, SearchError> {
        do {
            return .success(try await run(arrivals: arrivals))
        } catch {
            return .failure(error)
        }
    }

    /// What the tasks of a filling come back with.
    private enum Event: Sendable {
        case embedded(EmbeddedTexts)
        case saved
        /// There may be new texts.
        case arrived
        /// There will be no new texts.
        case allArrived
    }

    private struct EmbeddedTexts: Sendable {
        let contents: [Int64]
        let bytes: Int
        let answer: SyncEmbedder.Answer
    }

    private typealias Tasks = ThrowingTaskGroup<Event, any Error>

    private func fill(arrivals: AsyncStream<Void>?) async throws -> Int {
        let stored = try await blocking { writer throws(SearchError) in try writer.open(embedder.space) }
        var source = TextSource(writer: writer, space: stored, limits: embedder.limits, window: Self.window)
        var state = State(allArrived: arrivals == nil)
        report.update {
            $0.space = embedder.space
            $0.texts = 0
            $0.textsDone = 0
            $0.bytesDone = 0
            $0.tokensDone = 0
            $0.embeddingTime = .zero
        }
        return try await withThrowingTaskGroup(of: Event.self) { tasks in
            do {
                repeat {
                    try await fill(stored, from: &source, arrivals: arrivals, &state, &tasks)
                    // Everything is written. A text whose chunk came back meanwhile may be before the others.
                } while try await source.restart()
            } catch {
                tasks.cancelAll()
                let (vectors, contents) = state.takeUnsaved()
                try? await blocking { writer throws(SearchError) in
                    try writer.append(vectors, of: contents, to: stored)
                }
                throw error
            }
            return state.count
        }
    }

    /// Embeds until there are no texts left and none will arrive.
    private func fill(
        _ stored: StoredSpace, from source: inout TextSource, arrivals: AsyncStream<Void>?, _ state: inout State,
        _ tasks: inout Tasks
    ) async throws {
        while true {
            while state.inFlight < max(1, embedder.limits.batches), let batch = try await source.next() {
                report.update { $0.texts = source.known }
                state.inFlight += 1
                tasks.addTask { .embedded(try await embed(batch)) }
            }
            if let arrivals, !state.allArrived, !state.isWaiting {
                state.isWaiting = true
                tasks.addTask {
                    for await _ in arrivals { return .arrived }
                    return .allArrived
                }
            }
            if state.isSaveDue {
                let (vectors, contents) = state.takeUnsaved()
                state.isSaving = true
                tasks.addTask {
                    try await blocking { writer throws(SearchError) in
                        try writer.append(vectors, of: contents, to: stored)
                    }
                    return .saved
                }
            }
            guard let event = try await tasks.next() else { return }
            switch event {
            case .embedded(let texts):
                state.add(texts)
                report.update {
                    $0.textsDone = state.count
                    $0.bytesDone += texts.bytes
                    $0.tokensDone += texts.answer.tokens
                    $0.embeddingTime = state.elapsed
                }
            case .saved:
                state.isSaving = false
            case .arrived:
                state.isWaiting = false
                source.lookAgain()
            case .allArrived:
                state.isWaiting = false
                state.allArrived = true
                source.lookAgain()
            }
        }
    }

    private struct State {
        private let start = ContinuousClock.now
        private(set) var count = 0
        var inFlight = 0
        var isSaving = false
        /// Whether a task waits for new texts.
        var isWaiting = false
        var allArrived: Bool
        private var unsaved: [EmbeddedTexts] = []
        private var unsavedCount = 0
        private var lastSave = ContinuousClock.now

        init(allArrived: Bool) { self.allArrived = allArrived }

        var elapsed: Duration { ContinuousClock.now - start }

        mutating func add(_ texts: EmbeddedTexts) {
            inFlight -= 1
            count += texts.contents.count
            unsavedCount += texts.contents.count
            unsaved.append(texts)
        }

        var isSaveDue: Bool {
            if isSaving || unsavedCount == 0 { return false }
            return inFlight == 0 || unsavedCount >= saveCount || ContinuousClock.now - lastSave > saveInterval
        }

        mutating func takeUnsaved() -> (vectors: [Float], contents: [Int64]) {
            defer {
                unsaved = []
                unsavedCount = 0
                lastSave = ContinuousClock.now
            }
            return (unsaved.flatMap(\.answer.vectors), unsaved.flatMap(\.contents))
        }
    }

    private func embed(_ batch: [MissingText]) async throws(SearchError) -> EmbeddedTexts {
        EmbeddedTexts(
            contents: batch.map(\.content), bytes: batch.reduce(0) { $0 + $1.text.utf8.count },
            answer: try await embedder.vectors(of: batch.map(\.text)))
    }

    private func blocking<Value: Sendable>(
        _ body: @escaping @Sendable (IndexWriter) throws(SearchError) -> Value
    ) async throws(SearchError) -> Value {
        try await onOwnThread(named: "index") { () throws(SearchError) in try body(writer) }
    }
}
