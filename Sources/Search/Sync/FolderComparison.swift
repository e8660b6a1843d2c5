// SPDX-License-Identifier: Apache-2.0
//
// Which files of a folder are not as the index has them.

import Chunking

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct FolderComparison: Sendable {
    /// A file that is new, or whose stamp is another one.
    struct Candidate: Sendable {
        let file: FoundFile
        let known: StoredFile?
        let stamp: FileStamp
    }

    private(set) var candidates: [Candidate] = []
    /// Files that are gone.
    private(set) var removed: [Int64] = []
    /// Files that are as they were and are indexed.
    private(set) var unchanged = 0
    private(set) var skipped = SkippedFiles()

    /// Walks the folder. Blocks on the disk.
    init(_ folder: Folder, environment: [String: String], known: [String: StoredFile]) {
        var known = known
        // Two changes within one tick of a file system's clock leave the same time. The coarsest tick is two seconds.
        let unsure = Self.now - 2_000_000_000
        var stillSkipped: [(reason: SkipReason, path: String)] = []
        let report = folder.walk(environment: environment) { file in
            let old = known.removeValue(forKey: file.path)
            if let old, old.stamp == FileStamp(size: file.size, modified: file.modified, inode: file.inode) {
                if let reason = old.skipped.flatMap(SkipReason.init) {
                    stillSkipped.append((reason, file.path))
                } else {
                    unchanged += 1
                }
                return
            }
            let stamp = FileStamp(
                size: file.size, modified: file.modified < unsure ? file.modified : 0, inode: file.inode)
            candidates.append(Candidate(file: file, known: old, stamp: stamp))
        }
        skipped = report.skipped
        for file in stillSkipped { skipped.add(file.reason, path: file.path) }
        let unseen = Set(report.unseen)
        for (path, file) in known {
            if Self.isIn(unseen, path) {
                unchanged += 1
            } else {
                removed.append(file.id)
            }
        }
    }

    /// Whether a file may be there none the less: it, or a folder that it is in, was not looked at.
    private static func isIn(_ unseen: Set<String>, _ path: String) -> Bool {
        if unseen.isEmpty { return false }
        if unseen.contains("") || unseen.contains(path) { return true }
        return path.utf8.indices.contains { path.utf8[$0] == UInt8(ascii: "/") && unseen.contains(String(path[..<$0])) }
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
