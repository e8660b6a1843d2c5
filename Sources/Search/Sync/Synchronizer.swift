// SPDX-License-Identifier: Apache-2.0
//
// Makes the index of a folder what the folder is: changed files are chunked and
// can be found by their words at once, and what has no vector yet gets one.

public import Chunking
import Threads

/// One sync of one folder.
///
/// It may be cancelled or killed at any moment; the index can be searched all the time, and the next sync goes on.
public struct Synchronizer: Sendable {
    private let root: String
    private let indexes: String
    private let embedders: [SyncEmbedder]
    private let model: String?
    private let limits: FolderLimits
    private let chunker: Chunker
    private let environment: [String: String]

    /// - Parameter root: the folder.
    /// - Parameter indexes: the folder of all indexes.
    /// - Parameter embedders: the best one last. One before it is used where there are no vectors to search yet, as it
    ///   is done sooner. None: words only.
    /// - Parameter model: what the user called the last embedder's model, where it was chosen for this folder;
    ///   remembered with the index.
    /// - Parameter chunks: other limits than last time make everything be chunked, and what is new be embedded.
    /// - Parameter environment: of the process, for running git.
    public init(
        root: String, indexes: String, embedders: [SyncEmbedder], model: String? = nil,
        limits: FolderLimits = FolderLimits(), chunks: ChunkLimits = ChunkLimits(), environment: [String: String] = [:]
    ) {
        self.root = root
        self.indexes = indexes
        self.embedders = embedders
        self.model = model
        self.limits = limits
        chunker = Chunker(limits: chunks)
        self.environment = environment
    }

    /// - Parameter progress: called often, from any thread, never twice at once.
    /// - Throws: `.notFound` where there is no such folder, `.busy` where another process syncs it, `.embedding` after
    ///   everything else was done, and what the disk says.
    public func run(
        progress: @escaping @Sendable (SyncProgress) -> Void = { _ in }
    ) async throws(SearchError) -> SyncSummary {
        let clock = ContinuousClock()
        let start = clock.now
        let report = SyncReport(progress)
        report.update { $0.phase = .scanning }
        let state = try await onOwnThread(named: "scan") { () throws(SearchError) in try open() }
        report.update {
            $0.phase = .reading
            $0.files = state.comparison.candidates.count
        }
        let result = await result(state, report)
        await onOwnThread(named: "index") { state.writer.close() }
        var summary = try result.get()
        summary.duration = clock.now - start
        return summary
    }

    /// An index that is open for writing, and what is to be done.
    private struct State: Sendable {
        let folder: Folder
        let writer: IndexWriter
        let comparison: FolderComparison
        /// Whether the last sync has left anything to do.
        let wasComplete: Bool
    }

    private func open() throws(SearchError) -> State {
        let root = try IndexFolder.canonical(root)
        let folder: Folder
        do {
            folder = try Folder(root, limits: limits)
        } catch {
            throw SearchError(error.code == .unreadable ? .fileSystem : .notFound, error.description)
        }
        let writer = try IndexWriter(root: root, indexes: indexes, chunking: chunker.fingerprint)
        if let model { try writer.remember(model: model) }
        let comparison = FolderComparison(folder, environment: environment, known: try writer.files())
        return State(
            folder: folder, writer: writer, comparison: comparison, wasComplete: try writer.isComplete())
    }

    private func result(_ state: State, _ report: SyncReport) async -> Result<SyncSummary, SearchError> {
        do {
            return .success(try await synchronize(state, report))
        } catch {
            return .failure(error)
        }
    }

    private func synchronize(_ state: State, _ report: SyncReport) async throws(SearchError) -> SyncSummary {
        let writer = state.writer
        let spaces = try await onOwnThread(named: "index") { () throws(SearchError) in try writer.spaces() }
        let active = spaces.first { $0.state == .active }?.space
        let reading = FolderReading(
            folder: state.folder, chunker: chunker, writer: writer, comparison: state.comparison, report: report)

        let isSame = state.comparison.candidates.isEmpty && state.comparison.removed.isEmpty
        if isSame, state.wasComplete, active?.id == embedders.last?.space.id {
            var summary = reading.initialSummary
            summary.space = active
            try await onOwnThread(named: "index") { () throws(SearchError) in try writer.finish() }
            return summary
        }

        var summary: SyncSummary
        let tiers = Self.tiers(embedders, active: active)
        if let first = tiers.first {
            // The first space is filled while files are still being read.
            let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
            let filling = SpaceFilling(writer: writer, embedder: first, report: report)
            async let filled = filling.runToResult(arrivals: arrivals)
            do {
                summary = try await reading.run { arrived.yield() }
            } catch {
                arrived.finish()
                throw error
            }
            arrived.finish()
            report.update { $0.phase = .embedding }
            summary.embedded = try await filled.get()
            try await activate(first, writer)
            for tier in tiers.dropFirst() {
                summary.embedded = try await SpaceFilling(writer: writer, embedder: tier, report: report).run(
                    arrivals: nil)
                try await activate(tier, writer)
            }
        } else {
            summary = try await reading.run {}
        }
        summary.space = tiers.last?.space ?? active
        report.update { $0.phase = .finishing }
        try await onOwnThread(named: "index") { () throws(SearchError) in
            try writer.tidy()
            try writer.finish()
        }
        return summary
    }

    /// Which spaces are brought up to date, one after the other.
    ///
    /// Where the best one is searched already, it alone; where another one of them is, that one first; where none is,
    /// all; and where a space of another model is searched, that one answers until the best one is complete.
    private static func tiers(_ embedders: [SyncEmbedder], active: VectorSpace?) -> ArraySlice<SyncEmbedder> {
        guard let active else { return embedders[...] }
        let position = embedders.firstIndex { $0.space.id == active.id }
        return embedders[(position ?? max(0, embedders.count - 1))...]
    }

    private func activate(_ embedder: SyncEmbedder, _ writer: IndexWriter) async throws(SearchError) {
        let spaces = embedders.map(\.space)
        try await onOwnThread(named: "index") { () throws(SearchError) in
            let stored = try writer.open(embedder.space)
            if stored.state == .active { return }
            try writer.activate(stored, keeping: spaces)
        }
    }
}

extension Chunker {
    /// Names everything but the text that chunks depend on. The first number counts changes of the program.
    fileprivate var fingerprint: String { "1 \(limits.targetBytes) \(limits.maximumBytes)" }
}
