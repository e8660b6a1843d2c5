// SPDX-License-Identifier: Apache-2.0
//
// What a sync says while it runs, and at its end.

public import Chunking
import Synchronization

/// How far a sync is.
public struct SyncProgress: Sendable, Hashable {
    public enum Phase: Sendable, Hashable {
        /// Files are compared with the index.
        case scanning
        /// Changed files are read. Texts may be embedded at the same time.
        case reading
        /// Everything can be found by its words; vectors are computed.
        case embedding
        /// Cleaning up.
        case finishing
    }

    public var phase = Phase.scanning
    /// Changed files, and those of them that are indexed.
    public var files = 0
    public var filesDone = 0
    /// Chunks of changed files.
    public var chunks = 0
    /// The space that is filled.
    public var space: VectorSpace?
    /// Texts that had no vector in this space, as far as they are known, and those that have one now.
    public var texts = 0
    public var textsDone = 0
    /// UTF-8 bytes of the texts that are done.
    public var bytesDone = 0
    /// Tokens of the texts that are done.
    public var tokensDone = 0
    /// How long this space has been filled.
    public var embeddingTime = Duration.zero

    public var tokensPerSecond: Double? {
        tokensDone > 0 && embeddingTime > .zero ? Double(tokensDone) / (embeddingTime / .seconds(1)) : nil
    }
}

/// What a sync has done.
public struct SyncSummary: Sendable, Hashable {
    /// Files that are indexed.
    public var files = 0
    /// New files and files with another content.
    public var changed = 0
    public var removed = 0
    /// What is not indexed, and why. Unreadable files keep what was indexed of them.
    public var skipped = SkippedFiles()
    /// Chunks of changed files.
    public var chunks = 0
    /// Those of them whose text was there already, so that it was not embedded again.
    public var reused = 0
    /// Texts that were embedded, in the space that is searched now.
    public var embedded = 0
    /// The space that is searched now.
    public var space: VectorSpace?
    public var duration = Duration.zero
}

/// The progress that several tasks report to.
final class SyncReport: Sendable {
    private let progress = Mutex(SyncProgress())
    private let show: @Sendable (SyncProgress) -> Void

    init(_ show: @escaping @Sendable (SyncProgress) -> Void) { self.show = show }

    /// Changes are shown one after the other.
    func update(_ change: (inout SyncProgress) -> Void) {
        progress.withLock { progress in
            change(&progress)
            show(progress)
        }
    }
}
