// SPDX-License-Identifier: Apache-2.0
//
// The work of an `embed` step: a file of texts becomes files of vectors, a
// shard at a time. Whatever ends it, it goes on with the next shard and ends
// with the same bytes. Who computes the vectors it does not know.

internal import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public struct CorpusEmbedding: Sendable {
    /// A file of texts, one per line, or JSON lines with a "text" each.
    public var input: String
    /// The folder for shards and manifest; made when there is none.
    public var output: String
    public var format: CorpusFormat
    /// What the vectors are to be made with, as the user said it; part of what must not change on the way.
    public var model: String?
    /// Texts per shard.
    public var shardSize: Int
    /// Texts per call of `embed`, which never crosses shards.
    public var batchSize: Int
    /// Calls of `embed` that are waited for at once, so that whoever computes always has the next texts.
    public var batches: Int

    public init(
        input: String, output: String, format: CorpusFormat = .npy, model: String? = nil,
        shardSize: Int = EmbedAction.defaultShardSize, batchSize: Int = 64, batches: Int = 1
    ) {
        self.input = input
        self.output = output
        self.format = format
        self.model = model
        self.shardSize = max(1, shardSize)
        self.batchSize = max(1, batchSize)
        self.batches = max(1, batches)
    }

    /// Vectors of some texts, in their order.
    public struct Vectors: Sendable {
        /// One vector after the other.
        public var values: [Float]
        public var dimensions: Int
        /// The vector space; shards of different ones are never mixed.
        public var spaceID: String
        /// Texts of which the model saw only the beginning.
        public var truncated: Int

        public init(values: [Float], dimensions: Int, spaceID: String, truncated: Int = 0) {
            self.values = values
            self.dimensions = dimensions
            self.spaceID = spaceID
            self.truncated = truncated
        }
    }

    /// What was done.
    public struct Report: Sendable, Hashable {
        public var rows: Int
        public var shards: Int
        /// Shards that were there already.
        public var resumedShards: Int
        /// Texts, in all shards, of which the model saw only the beginning.
        public var truncated: Int
    }

    /// Does what is not done yet.
    /// - Parameters:
    ///   - embed: computes vectors, of `batches` lists at once; what it throws ends the work, to be resumed.
    ///   - notify: hears of finished shards and of progress, for `Notice.line` on standard output.
    /// - Throws: `JobsError`, or what `embed` throws.
    public func run(
        embed: @escaping @Sendable ([String]) async throws -> Vectors, notify: (Notice) -> Void = { _ in }
    ) async throws -> Report {
        try Files.makeFolder(output)
        let lock = open(output, O_RDONLY | O_CLOEXEC)
        guard lock >= 0 else { throw Files.error("open", output) }
        defer {
            // By name, because a child that is just being started may hold a copy for a moment.
            flock(lock, LOCK_UN)
            close(lock)
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw JobsError(.alreadyRunning, "another process writes to '\(output)'")
        }
        let source = try CorpusSource.describe(input)
        let plan = CorpusManifest(format: format, model: model, shardSize: shardSize, source: source)
        var manifest = CorpusProgress.resume(plan, in: output)
        let resumed = manifest.shards.count
        notify(.progress(done: manifest.rows, total: source.rows))
        if manifest.rows < source.rows {
            let reader = try CorpusSource(input, skipping: manifest.rows)
            while manifest.rows < source.rows {
                let rows = min(shardSize, source.rows - manifest.rows)
                let shard = try await write(rows, from: reader, &manifest, embed)
                notify(.shard(index: manifest.shards.count - 1, rows: rows, bytes: shard.bytes, sha256: shard.sha256))
                notify(.progress(done: manifest.rows, total: source.rows))
            }
        }
        try CorpusProgress.finish(manifest, in: output)
        return Report(
            rows: manifest.rows, shards: manifest.shards.count, resumedShards: resumed, truncated: manifest.truncated)
    }

    /// Writes the next shard, and that it is there.
    private func write(
        _ rows: Int, from reader: CorpusSource, _ manifest: inout CorpusManifest,
        _ embed: @escaping @Sendable ([String]) async throws -> Vectors
    ) async throws -> CorpusManifest.Shard {
        let name = manifest.nextName
        var writer: ShardWriter?
        var truncated = 0
        try await withThrowingTaskGroup(of: Batch.self) { group in
            var read = 0
            var started = 0
            var written = 0
            // Those that were done before their turn.
            var early: [Int: Batch] = [:]
            while true {
                while started - written < batches, read < rows {
                    let texts = try reader.next(min(batchSize, rows - read))
                    guard !texts.isEmpty else {
                        throw JobsError(
                            .fileSystem, "'\(input)' became shorter while it was read; run the step again")
                    }
                    let index = started
                    group.addTask { Batch(index: index, count: texts.count, vectors: try await embed(texts)) }
                    read += texts.count
                    started += 1
                }
                guard let done = try await group.next() else { return }
                early[done.index] = done
                while let batch = early.removeValue(forKey: written) {
                    let vectors = try batch.checked()
                    try manifest.settle(vectors)
                    let file =
                        try writer
                        ?? ShardWriter(
                            "\(output)/\(name)", format: format, rows: rows, dimensions: vectors.dimensions)
                    writer = file
                    try file.write(vectors.values)
                    truncated += vectors.truncated
                    written += 1
                }
            }
        }
        guard let writer else { throw JobsError(.invalid, "a shard without rows") }
        let finished = try writer.finish()
        let shard = CorpusManifest.Shard(
            name: name, rows: rows, bytes: finished.bytes, sha256: finished.sha256, truncated: truncated)
        manifest.shards.append(shard)
        // A shard that is whole gets its name here, or at the beginning of the next run.
        do throws(JobsError) {
            try CorpusProgress.save(manifest, in: output)
        } catch {
            ShardWriter.discard("\(output)/\(name)")
            throw error
        }
        try ShardWriter.publish("\(output)/\(name)")
        return shard
    }

    private struct Batch: Sendable {
        let index: Int
        let count: Int
        let vectors: Vectors

        func checked() throws(JobsError) -> Vectors {
            guard vectors.dimensions > 0, vectors.values.count == count * vectors.dimensions else {
                throw JobsError(
                    .invalid,
                    "\(vectors.values.count) values came back for \(count) texts of \(vectors.dimensions) dimensions")
            }
            return vectors
        }
    }
}
