// SPDX-License-Identifier: Apache-2.0
//
// Reads changed files, on all processors, and writes what they hold to the
// index part by part, so that it can be found by its words early.

import Chunking
import Threads

struct FolderReading: Sendable {
    /// A part: few enough files for one short transaction.
    private static let partFiles = 64
    private static let partBytes = 1 << 20
    /// Parts that are read at once; one more waits to be written.
    private static let width = 3

    let folder: Folder
    let chunker: Chunker
    let writer: IndexWriter
    let comparison: FolderComparison
    let report: SyncReport

    /// What is known before any file is read.
    var initialSummary: SyncSummary {
        var summary = SyncSummary()
        summary.files = comparison.unchanged
        summary.removed = comparison.removed.count
        summary.skipped = comparison.skipped
        return summary
    }

    /// - Parameter onArrival: called after each transaction that may have brought new texts.
    func run(onArrival: () -> Void) async throws(SearchError) -> SyncSummary {
        var summary = initialSummary
        var parts = parts()[...]
        let removed = comparison.removed.map { FileChange.removed(id: $0) }
        do {
            try await apply(removed)
            try await withThrowingTaskGroup(of: ReadFiles.self) { group in
                for _ in 0..<Self.width { add(&parts, to: &group) }
                while let part = try await group.next() {
                    add(&parts, to: &group)
                    let new = try await apply(part.changes)
                    onArrival()
                    count(part, new: new, in: &summary)
                }
            }
        } catch {
            throw (error as? SearchError) ?? .cancelled
        }
        return summary
    }

    private func add(_ parts: inout ArraySlice<Range<Int>>, to group: inout ThrowingTaskGroup<ReadFiles, any Error>) {
        guard let part = parts.popFirst() else { return }
        group.addTask {
            try Task.checkCancellation()
            return await onOwnThread(named: "chunk") { ReadFiles(comparison.candidates[part], of: folder, by: chunker) }
        }
    }

    @discardableResult
    private func apply(_ changes: [FileChange]) async throws(SearchError) -> Int {
        try await onOwnThread(named: "index") { () throws(SearchError) in try writer.apply(changes) }
    }

    private func count(_ part: ReadFiles, new: Int, in summary: inout SyncSummary) {
        summary.files += part.indexed
        summary.changed += part.changed
        summary.chunks += part.chunks
        summary.reused += part.chunks - new
        for file in part.skipped { summary.skipped.add(file.reason, path: file.path) }
        report.update {
            $0.filesDone += part.files
            $0.chunks += part.chunks
        }
    }

    private func parts() -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var start = 0
        var bytes = 0
        for (index, candidate) in comparison.candidates.enumerated() {
            if index > start, index - start == Self.partFiles || bytes + candidate.file.size > Self.partBytes {
                parts.append(start..<index)
                start = index
                bytes = 0
            }
            bytes += candidate.file.size
        }
        if start < comparison.candidates.count { parts.append(start..<comparison.candidates.count) }
        return parts
    }
}
