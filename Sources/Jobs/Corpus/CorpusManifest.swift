// SPDX-License-Identifier: Apache-2.0
//
// What a folder of vectors says of itself: `manifest.json` when all is there,
// `progress.json` while it is not. Neither holds times, so that the same work
// leaves the same bytes.

internal import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct CorpusManifest: Sendable, Hashable {
    struct Source: Sendable, Hashable {
        var bytes: Int
        var rows: Int
        var sha256: String
    }

    struct Shard: Sendable, Hashable {
        var name: String
        var rows: Int
        var bytes: Int
        var sha256: String
        /// Texts of which the model saw only the beginning.
        var truncated: Int
    }

    var format: CorpusFormat
    var model: String?
    var shardSize: Int
    var source: Source
    var dimensions: Int?
    var spaceID: String?
    var shards: [Shard] = []

    init(format: CorpusFormat, model: String?, shardSize: Int, source: Source) {
        self.format = format
        self.model = model
        self.shardSize = shardSize
        self.source = source
    }

    /// Rows that are in shards.
    var rows: Int { shards.reduce(0) { $0 + $1.rows } }

    /// Texts in shards of which the model saw only the beginning.
    var truncated: Int { shards.reduce(0) { $0 + $1.truncated } }

    /// "00000.npy", "00001.npy", …
    var nextName: String {
        let digits = String(shards.count)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits + "." + format.rawValue
    }

    /// Takes in what the vectors are, or finds that they are not like those before.
    mutating func settle(_ vectors: CorpusEmbedding.Vectors) throws(JobsError) {
        if let spaceID, let dimensions, spaceID != vectors.spaceID || dimensions != vectors.dimensions {
            throw JobsError(
                .invalid,
                "the model has changed: vectors so far are of space '\(spaceID)' with \(dimensions) "
                    + "dimensions, new ones of '\(vectors.spaceID)' with \(vectors.dimensions); remove the output "
                    + "folder to begin anew")
        }
        spaceID = vectors.spaceID
        dimensions = vectors.dimensions
    }

    /// Whether both are about the same work.
    func isSameWork(as other: CorpusManifest) -> Bool {
        format == other.format && model == other.model && shardSize == other.shardSize && source == other.source
    }

    var text: String {
        let object: JSONObject = [
            "version": 1, "format": .string(format.rawValue), "dtype": "f32",
            "model": model.map { .string($0) } ?? nil, "space_id": spaceID.map { .string($0) } ?? nil,
            "dimensions": dimensions.map { .integer(Int64($0)) } ?? nil, "rows": .integer(Int64(rows)),
            "truncated": .integer(Int64(truncated)), "shard_size": .integer(Int64(shardSize)),
            "source": [
                "bytes": .integer(Int64(source.bytes)), "rows": .integer(Int64(source.rows)),
                "sha256": .string(source.sha256),
            ],
            "shards": .array(
                shards.map {
                    [
                        "name": .string($0.name), "rows": .integer(Int64($0.rows)),
                        "bytes": .integer(Int64($0.bytes)), "sha256": .string($0.sha256),
                        "truncated": .integer(Int64($0.truncated)),
                    ]
                }),
        ]
        return JSONValue.object(object).description + "\n"
    }

    init?(text: [UInt8]) {
        guard let value = try? JSONValue(parsing: text), value["version"]?.integer == 1,
            let format = value["format"]?.string.flatMap(CorpusFormat.init), let size = value["shard_size"]?.integer,
            let source = value["source"], let bytes = source["bytes"]?.integer, let rows = source["rows"]?.integer,
            let digest = source["sha256"]?.string, let shards = value["shards"]?.array
        else { return nil }
        self.init(
            format: format, model: value["model"]?.string, shardSize: size,
            source: Source(bytes: bytes, rows: rows, sha256: digest))
        dimensions = value["dimensions"]?.integer
        spaceID = value["space_id"]?.string
        for shard in shards {
            guard let name = shard["name"]?.string, let rows = shard["rows"]?.integer,
                let bytes = shard["bytes"]?.integer, let digest = shard["sha256"]?.string, name == nextName
            else { return nil }
            // Those of before it was counted have none.
            let truncated = shard["truncated"]?.integer ?? 0
            self.shards.append(
                Shard(name: name, rows: rows, bytes: bytes, sha256: digest, truncated: truncated))
        }
    }
}

enum CorpusProgress {
    private static let manifest = "manifest.json"
    private static let progress = "progress.json"

    /// What of the work is done already. Shards of other work, or whose length is not what it was, are removed, and so
    /// is what comes after them.
    static func resume(_ plan: CorpusManifest, in folder: String) -> CorpusManifest {
        var result = plan
        let found = [progress, manifest].lazy
            .compactMap { Files.read("\(folder)/\($0)", limit: 1 << 28) }
            .compactMap(CorpusManifest.init(text:)).first
        if let found, found.isSameWork(as: plan) {
            result.spaceID = found.spaceID
            result.dimensions = found.dimensions
            for shard in found.shards {
                let path = "\(folder)/\(shard.name)"
                // Written down, but not yet named: whole all the same.
                if Files.size("\(path).part") == shard.bytes { try? ShardWriter.publish(path) }
                guard Files.size(path) == shard.bytes else { break }
                result.shards.append(shard)
            }
        }
        let kept = Set(result.shards.map(\.name))
        for name in Files.names(in: folder) where isShard(name) && !kept.contains(name) {
            Files.remove("\(folder)/\(name)")
        }
        if result.shards.isEmpty {
            result.spaceID = nil
            result.dimensions = nil
        }
        return result
    }

    /// Five digits and the ending of a format, or such a file half written.
    private static func isShard(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3 && parts[2] == "part" else { return false }
        return parts[0].count >= 5 && parts[0].allSatisfy(\.isNumber) && CorpusFormat(rawValue: String(parts[1])) != nil
    }

    static func save(_ manifest: CorpusManifest, in folder: String) throws(JobsError) {
        try Files.replace("\(folder)/\(progress)", with: Array(manifest.text.utf8))
    }

    static func finish(_ result: CorpusManifest, in folder: String) throws(JobsError) {
        let text = Array(result.text.utf8)
        if Files.read("\(folder)/\(manifest)", limit: text.count + 1) != text {
            try Files.replace("\(folder)/\(manifest)", with: text)
        }
        Files.remove("\(folder)/\(progress)")
        Files.remove("\(folder)/\(progress).part")
    }
}
