// SPDX-License-Identifier: Apache-2.0
//
// A batch on the disk. `order.json` is the daemon's to write, `progress.json`
// and the results that of whoever holds the lock: the worker while there is
// one, else the daemon.

internal import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct BatchFolder {
    static let prefix = "batch_"
    /// Results that are being written.
    static let parts = ["output.part", "errors.part"]

    let root: String
    let id: String

    var path: String { "\(root)/\(id)" }
    var orderFile: String { "\(path)/order.json" }
    private var progressFile: String { "\(path)/progress.json" }
    /// The requests: another name of the file, which may be removed meanwhile.
    var input: String { "\(path)/input.jsonl" }
    var output: String { "\(path)/\(Self.parts[0])" }
    var errors: String { "\(path)/\(Self.parts[1])" }

    init(root: String, id: String) {
        self.root = root
        self.id = id
    }

    /// - Returns: nil for what no batch is called.
    init?(path: String) {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        self.init(root: String(path[..<slash]), id: String(path[path.index(after: slash)...]))
        if !Self.isID(id) { return nil }
    }

    static func isID(_ text: String) -> Bool { RandomName.isOne(text, prefix) }

    /// Every batch there is.
    static func all(in root: String) -> [BatchFolder] {
        Files.names(in: root).filter(isID).map { BatchFolder(root: root, id: $0) }
    }

    // MARK: What is written down

    /// Nil where there is no such batch.
    func order() -> BatchOrder? {
        Files.read(orderFile, limit: 1 << 20).flatMap { try? JSONValue(parsing: $0) }
            .flatMap(BatchOrder.init(json:))
    }

    func progress() -> BatchProgress { knownProgress() ?? BatchProgress() }

    /// Nil where it was written down and cannot be read.
    func knownProgress() -> BatchProgress? {
        if Files.isMissing(progressFile) { return BatchProgress() }
        return Files.read(progressFile, limit: 1 << 20).flatMap { try? JSONValue(parsing: $0) }
            .flatMap(BatchProgress.init(json:))
    }

    func batch() -> Batch? { order().map { Batch(order: $0, progress: progress()) } }

    func save(_ order: BatchOrder) throws(JobsError) {
        try Files.replace(orderFile, with: order.json.encoded())
    }

    func save(_ progress: BatchProgress) throws(JobsError) {
        try Files.replace(progressFile, with: progress.json.encoded())
    }

    // MARK: One at a time

    /// Does something while nobody else changes the batch; nothing, and nil, while somebody does.
    func locked<Value>(_ body: () throws -> Value) throws -> Value? {
        let lock = open(path, O_RDONLY | O_CLOEXEC)
        guard lock >= 0 else { throw Files.error("open", path) }
        defer {
            // By name, because a child that is just being started may hold a copy for a moment.
            flock(lock, LOCK_UN)
            close(lock)
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { return nil }
        return try body()
    }

    // MARK: The end

    /// Makes files of the results, and writes down how the batch ended. What was done of it before a crash is not done
    /// again. Only for whoever holds the lock.
    func finish(
        _ order: BatchOrder, _ progress: inout BatchProgress, as outcome: BatchStatus, files: FileStore
    ) throws(JobsError) {
        if progress.status != .finalizing {
            progress.finalizingAt = WallClock.seconds
            progress.status = .finalizing
            progress.outcome = outcome
            progress.outputFile = progress.completed > 0 ? FileStore.newID() : nil
            progress.errorFile = progress.failed > 0 ? FileStore.newID() : nil
            try save(progress)
        }
        let lifetime = order.request.resultLifetime
        if let file = progress.outputFile {
            try files.take(output, as: file, name: "\(id)_output.jsonl", lifetime: lifetime)
        }
        if let file = progress.errorFile {
            try files.take(errors, as: file, name: "\(id)_error.jsonl", lifetime: lifetime)
        }
        progress.status = progress.outcome ?? outcome
        progress.endedAt = WallClock.seconds
        try save(progress)
        for leftover in [output, errors, input] { Files.remove(leftover) }
    }
}
