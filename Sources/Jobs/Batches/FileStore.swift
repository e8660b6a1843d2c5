// SPDX-License-Identifier: Apache-2.0
//
// Files that clients left, and what batches leave for them: bounded, for this
// user alone, whole or not there at all. A file is there when the few lines
// beside it are, which are written last and removed first.

internal import JSON
internal import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Its methods wait for the disk: they are for threads that may.
public final class FileStore: Sendable {
    /// Of all files together, results that are being written included.
    public static let maximumBytes = 8 << 30
    public static let maximumFiles = 10_000
    /// Seconds, for files of which nothing else was said: 30 days.
    public static let lifetime = 30 * 86_400

    private static let prefix = "file-"

    /// Holds the folder of the files and those of the batches.
    public let root: String
    private let limit: Int
    /// Bytes and files of uploads that are being written.
    private let reserved = Mutex((bytes: 0, files: 0))

    var folder: String { "\(root)/files" }

    /// - Parameters:
    ///   - root: a folder; made when it is needed.
    ///   - limit: bytes that may be kept.
    public init(root: String, limit: Int = FileStore.maximumBytes) {
        self.root = root
        self.limit = limit
    }

    static func newID() -> String { RandomName.make(prefix) }

    // MARK: Taking in

    /// Keeps a file. When this returns, it is on the disk.
    /// - Parameter lifetime: seconds.
    /// - Throws: `.noSpace`, `.fileSystem`; nothing is left of it then.
    public func add(
        _ bytes: ArraySlice<UInt8>, name: String, purpose: KeptFile.Purpose, lifetime: Int = FileStore.lifetime
    ) throws(JobsError) -> KeptFile {
        removeExpired()
        try reserve(bytes.count)
        defer {
            reserved.withLock { reserved in
                reserved.bytes -= bytes.count
                reserved.files -= 1
            }
        }
        try Files.makeFolder(folder)
        let now = WallClock.seconds
        let file = KeptFile(
            id: Self.newID(), name: name, purpose: purpose, bytes: bytes.count, createdAt: now,
            expiresAt: now + lifetime)
        do {
            try Files.replace(path(file.id), with: bytes)
            try describe(file)
        } catch {
            Files.remove("\(path(file.id)).part")
            Files.remove(path(file.id))
            guard error.code == .noSpace else { throw error }
            throw JobsError(
                .noSpace,
                "the disk has no room for a file of \(bytes.count) bytes; delete files, or make room on the disk")
        }
        return file
    }

    private func reserve(_ bytes: Int) throws(JobsError) {
        let (used, count) = (usedBytes, ids.count)
        try reserved.withLock { (reserved) throws(JobsError) in
            guard used + reserved.bytes + bytes <= limit, count + reserved.files < Self.maximumFiles else {
                throw JobsError(
                    .noSpace,
                    "\(count) files of \(used) bytes are kept; with \(bytes) bytes more it would be over the limit of "
                        + "\(limit) bytes and \(Self.maximumFiles) files: delete some that are no longer needed")
            }
            reserved.bytes += bytes
            reserved.files += 1
        }
    }

    /// Gives a finished file its place. What was done of it before a crash is not done again.
    func take(_ part: String, as id: String, name: String, lifetime: Int) throws(JobsError) {
        try Files.makeFolder(folder)
        if Files.size(part) != nil {
            try Files.sync(part)
            guard rename(part, path(id)) == 0 else { throw Files.error("rename", part) }
        }
        guard let bytes = Files.size(path(id)), !isDescribed(id) else { return }
        let now = WallClock.seconds
        try describe(
            KeptFile(
                id: id, name: name, purpose: .batchOutput, bytes: bytes, createdAt: now, expiresAt: now + lifetime))
    }

    private func describe(_ file: KeptFile) throws(JobsError) {
        try Files.replace("\(path(file.id)).json", with: file.json.encoded())
    }

    // MARK: Asking

    /// - Throws: `.notFound`.
    public func file(_ id: String) throws(JobsError) -> KeptFile {
        guard RandomName.isOne(id, Self.prefix), let file = described(id), file.expiresAt > WallClock.seconds else {
            let shown = id.utf8.count > 64 ? id.prefix(64) + "…" : id[...]
            throw JobsError(.notFound, "there is no file '\(shown)'")
        }
        return file
    }

    /// All of them, the oldest first.
    public func files() -> [KeptFile] {
        removeExpired()
        return ids.compactMap(described).sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }

    /// - Throws: `.notFound`.
    public func open(_ id: String) throws(JobsError) -> FileContent {
        try FileContent(path(try file(id).id))
    }

    /// - Throws: `.notFound`.
    public func remove(_ id: String) throws(JobsError) { discard(try file(id).id) }

    /// Gives a file another name, under which it stays when the first one is removed.
    func link(_ id: String, to target: String) throws(JobsError) {
        guard hardLink(path(try file(id).id), target) == 0 else { throw Files.error("link", target) }
    }

    var usedBytes: Int {
        let parts = Files.names(in: root).flatMap { batch in BatchFolder.parts.map { "\(root)/\(batch)/\($0)" } }
        return (Files.names(in: folder).map { "\(folder)/\($0)" } + parts).reduce(0) { $0 + (Files.size($1) ?? 0) }
    }

    /// - Throws: `.noSpace` when more is kept than may be.
    func checkRoom() throws(JobsError) {
        guard usedBytes <= limit else {
            throw JobsError(.noSpace, "more than \(limit) bytes are kept; delete files that are no longer needed")
        }
    }

    // MARK: Keeping house

    /// Removes what a daemon that was killed left half written: files and batches without the lines that make them such.
    /// Lines that are there and cannot be read make them such, too. Only for when nobody adds any.
    func sweep() {
        for batch in BatchFolder.all(in: root) where Files.isMissing(batch.orderFile) { Files.remove(batch.path) }
        let progress = BatchFolder.all(in: root).map { $0.knownProgress() }
        // Results wait for theirs while their batch ends.
        let ids = Set(
            progress.compactMap(\.self).filter { !$0.status.isFinal }.flatMap {
                [$0.outputFile, $0.errorFile].compactMap(\.self)
            })
        for name in Files.names(in: folder) {
            let id = name.split(separator: ".").first.map(String.init) ?? ""
            let isNobodys = !progress.contains(nil) && !ids.contains(id) && Files.isMissing("\(path(id)).json")
            if name.hasSuffix(".part") || isNobodys { Files.remove("\(folder)/\(name)") }
        }
    }

    private func removeExpired() {
        let now = WallClock.seconds
        for id in ids where described(id).map({ $0.expiresAt <= now }) ?? false { discard(id) }
    }

    private func discard(_ id: String) {
        Files.remove("\(path(id)).json")
        Files.remove(path(id))
    }

    // MARK: The folder

    private var ids: [String] {
        Files.names(in: folder).filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
    }

    private func path(_ id: String) -> String { "\(folder)/\(id)" }

    private func isDescribed(_ id: String) -> Bool { Files.size("\(path(id)).json") != nil }

    private func described(_ id: String) -> KeptFile? {
        Files.read("\(path(id)).json", limit: 1 << 16).flatMap { try? JSONValue(parsing: $0) }
            .flatMap(KeptFile.init(json:))
    }
}

private func hardLink(_ path: String, _ target: String) -> Int32 { link(path, target) }
