// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a file that may have changed: it is read, and chunked if its text is another one.

import Chunking

/// Files that were read together.
struct ReadFiles: Sendable {
    var changes: [FileChange] = []
    /// Files read, changed or not.
    var files = 0
    /// Files that are indexed.
    var indexed = 0
    /// Of those, the ones with a new text.
    var changed = 0
    var chunks = 0
    var skipped: [(reason: SkipReason, path: String)] = []

    /// Reads the candidates and chunks those with another text. Blocks on the disk, and computes.
    init(_ candidates: ArraySlice<FolderComparison.Candidate>, of folder: Folder, by chunker: Chunker) {
        for candidate in candidates { read(candidate, of: folder, by: chunker) }
    }

    private mutating func read(
        _ candidate: FolderComparison.Candidate, of folder: Folder, by chunker: Chunker
    ) {
        files += 1
        let path = candidate.file.path
        switch folder.readText(of: candidate.file) {
        case .vanished:
            if let known = candidate.known { changes.append(.removed(id: known.id)) }
        case .skipped(.unreadable):
            // What was indexed of it stays, as it may still be there; the next sync tries again.
            skipped.append((.unreadable, path))
            if candidate.known?.skipped == nil, candidate.known != nil { indexed += 1 }
        case .skipped(let reason):
            skipped.append((reason, path))
            changes.append(.skipped(path: path, candidate.stamp, reason: reason.rawValue))
        case .text(let text, _):
            let digest = Digest(of: text)
            indexed += 1
            if let known = candidate.known, known.digest == digest, known.skipped == nil {
                if known.stamp != candidate.stamp { changes.append(.touched(id: known.id, candidate.stamp)) }
                return
            }
            let chunks = chunker.chunks(of: text, path: path)
            changed += 1
            self.chunks += chunks.count
            changes.append(
                .replaced(
                    path: path, candidate.stamp, digest: digest, language: Language(path: path)?.name, chunks: chunks))
        }
    }
}
