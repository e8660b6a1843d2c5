// SPDX-License-Identifier: Apache-2.0

import CPlatform
import JSON
import Jobs
import Synchronization
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct CorpusEmbeddingTests {
    private struct Killed: Error {}

    private let folder = TemporaryFolder()

    /// Three numbers that depend on the text alone.
    private static func vectors(_ texts: [String], space: String = "space") -> CorpusEmbedding.Vectors {
        let values = texts.flatMap { text -> [Float] in
            let sum = text.utf8.reduce(Float(0)) { $0 + Float($1) }
            return [sum, Float(text.utf8.count) / 7, -1]
        }
        return CorpusEmbedding.Vectors(values: values, dimensions: 3, spaceID: space)
    }

    private func all(_ name: String) -> [String: [UInt8]] {
        let path = "\(folder.path)/\(name)"
        return Dictionary(uniqueKeysWithValues: names(in: path).map { ($0, readFile("\(path)/\($0)") ?? []) })
    }

    private func sha256(_ bytes: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        hearth_sha256_digest(bytes, bytes.count, &digest)
        return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test(arguments: CorpusFormat.allCases)
    func shardsAndManifest(format: CorpusFormat) async throws {
        folder.write((0..<10).map { "text \($0)\n" }.joined() + "the last, without its end", to: "in.txt")
        let work = CorpusEmbedding(
            input: "\(folder.path)/in.txt", output: "\(folder.path)/out/here", format: format, shardSize: 4,
            batchSize: 3)
        let sizes = Mutex<[Int]>([])
        var notices: [Notice] = []
        let report = try await work.run { texts in
            sizes.withLock { $0.append(texts.count) }
            return Self.vectors(texts)
        } notify: {
            notices.append($0)
        }
        #expect(report.rows == 11 && report.shards == 3 && report.resumedShards == 0)
        #expect(sizes.withLock(\.self) == [3, 1, 3, 1, 3] && notices.count == 7)
        #expect(notices.last == .progress(done: 11, total: 11))
        let files = all("out/here")
        #expect(files.keys.sorted() == ["00000", "00001", "00002"].map { "\($0).\(format)" } + ["manifest.json"])
        let manifest = try JSONValue(parsing: try #require(files["manifest.json"]))
        #expect(manifest["rows"]?.integer == 11 && manifest["dimensions"]?.integer == 3)
        #expect(manifest["space_id"]?.string == "space" && manifest["model"]?.isNull == true)
        #expect(manifest["source"]?["sha256"]?.string == sha256(try #require(folder.bytes(of: "in.txt"))))
        for shard in manifest["shards"]?.array ?? [] {
            let content = try #require(files[shard["name"]?.string ?? ""])
            #expect(shard["sha256"]?.string == sha256(content) && shard["bytes"]?.integer == content.count)
        }
        let expected = Self.vectors((8..<10).map { "text \($0)" } + ["the last, without its end"]).values
        let last = try #require(files["00002.\(format)"])
        switch format {
        case .npy:
            #expect(Array(last[..<8]) == [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0] && last.count == 128 + 36)
            let head = String(decoding: last[10..<128], as: UTF8.self)
            #expect(head.contains("'shape': (3, 3)") && head.hasSuffix("\n"))
            #expect(last.suffix(36).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) } == expected)
        case .jsonl:
            let rows = try last.split(separator: 10).map { try JSONValue(parsing: Array($0)).array ?? [] }
            #expect(rows.joined().compactMap(\.double).map(Float.init) == expected)
        }
        // Once more: nothing is computed.
        let again = try await work.run { _ in throw Killed() }
        #expect(again.resumedShards == 3 && all("out/here") == files)
    }

    @Test(arguments: CorpusFormat.allCases)
    func whateverEndsItTheBytesAreTheSameAndNoShardIsComputedTwice(format: CorpusFormat) async throws {
        folder.write((0..<50).map { "{\"text\": \"number \($0)\"}\n" }.joined(), to: "in.jsonl")
        func work(_ output: String, batches: Int = 1) -> CorpusEmbedding {
            CorpusEmbedding(
                input: "\(folder.path)/in.jsonl", output: "\(folder.path)/\(output)", format: format, model: "m",
                shardSize: 7,
                batchSize: 2, batches: batches)
        }
        _ = try await work("whole").run { Self.vectors($0) }
        var random = SeededGenerator(seed: 3)
        for round in 0..<20 {
            var finished: [Int: Int] = [:]
            let seen = Mutex<Set<String>>([])
            while true {
                let left = Mutex(Int.random(in: 1..<20, using: &random))
                do {
                    _ = try await work("cut\(round)", batches: 1 + round % 4).run { texts in
                        let isEnd = left.withLock { left in
                            left -= 1
                            return left == 0
                        }
                        if isEnd { throw Killed() }
                        seen.withLock { $0.formUnion(texts) }
                        // Not in the order in which they were asked for.
                        for _ in 0..<texts[0].utf8.count % 5 { await Task.yield() }
                        return Self.vectors(texts)
                    } notify: {
                        if case .shard(let index, _, _, _) = $0 { finished[index, default: 0] += 1 }
                    }
                    break
                } catch is Killed {}
            }
            #expect(finished.values.allSatisfy { $0 == 1 } && finished.count == 8)
            #expect(seen.withLock(\.count) == 50)
            #expect(all("cut\(round)") == all("whole"))
        }
    }

    @Test func aWholeShardThatHasNoNameYetCounts() async throws {
        folder.write("a\nb\nc\nd\n", to: "in.txt")
        let work = CorpusEmbedding(input: "\(folder.path)/in.txt", output: "\(folder.path)/out", shardSize: 2)
        do {
            _ = try await work.run { texts in
                if texts == ["c", "d"] { throw Killed() }
                return Self.vectors(texts)
            }
        } catch is Killed {}
        // As it was before the shard got its name: written down, whole, and still under the temporary one.
        try #require(rename("\(folder.path)/out/00000.npy", "\(folder.path)/out/00000.npy.part") == 0)
        let computed = Mutex<[String]>([])
        let report = try await work.run { texts in
            computed.withLock { $0 += texts }
            return Self.vectors(texts)
        }
        #expect(computed.withLock(\.self) == ["c", "d"] && report.resumedShards == 1)
    }

    @Test func whatTheModelDidNotReadIsCounted() async throws {
        folder.write("a\nlong\nb\nlong\n", to: "in.txt")
        let work = CorpusEmbedding(
            input: "\(folder.path)/in.txt", output: "\(folder.path)/out", shardSize: 3, batchSize: 1, batches: 2)
        func run() async throws -> CorpusEmbedding.Report {
            try await work.run { texts in
                var vectors = Self.vectors(texts)
                vectors.truncated = texts.filter { $0 == "long" }.count
                return vectors
            }
        }
        #expect(try await run().truncated == 2)
        #expect(try await run().truncated == 2)
        let manifest = try JSONValue(parsing: #require(folder.bytes(of: "out/manifest.json")))
        #expect(manifest["truncated"]?.integer == 2 && manifest["shards"]?.array?.first?["truncated"]?.integer == 1)
    }

    @Test func otherWorkBeginsAnew() async throws {
        folder.write("a\nb\nc\n", to: "in.txt")
        var work = CorpusEmbedding(input: "\(folder.path)/in.txt", output: "\(folder.path)/out", shardSize: 1)
        _ = try await work.run { Self.vectors($0) }
        folder.write("kept", to: "out/notes.txt")
        folder.write("a\nB\n", to: "in.txt")
        #expect(try await work.run { Self.vectors($0) }.resumedShards == 0)
        #expect(names(in: "\(folder.path)/out") == ["00000.npy", "00001.npy", "manifest.json", "notes.txt"])
        work.shardSize = 2
        #expect(try await work.run { Self.vectors($0) }.resumedShards == 0)
        #expect(names(in: "\(folder.path)/out") == ["00000.npy", "manifest.json", "notes.txt"])
        // A shard that was damaged since is made again.
        folder.write("x", to: "out/00000.npy")
        #expect(try await work.run { Self.vectors($0) }.resumedShards == 0)
    }

    @Test func spacesAreNeverMixed() async throws {
        folder.write("a\nb\nc\n", to: "in.txt")
        let work = CorpusEmbedding(input: "\(folder.path)/in.txt", output: "\(folder.path)/out", shardSize: 1)
        await #expect(throws: JobsError.self) {
            try await work.run { Self.vectors($0, space: $0 == ["c"] ? "other" : "space") }
        }
        await #expect(throws: JobsError.self) { try await work.run { Self.vectors($0, space: "other") } }
        #expect(try await work.run { Self.vectors($0) }.resumedShards == 2)
    }

    @Test func whatCannotBeReadIsRefusedWithItsPlace() async throws {
        func message(_ name: String, _ text: String) async -> String {
            folder.write(text, to: "\(name)")
            let work = CorpusEmbedding(input: "\(folder.path)/\(name)", output: "\(folder.path)/out")
            do {
                return "\(try await work.run { Self.vectors($0) }.rows) rows"
            } catch {
                return "\(error)"
            }
        }
        #expect(await message("a.jsonl", "\"x\"\n{\"txt\": 1}\n").contains("a.jsonl:2: expected a string"))
        #expect(await message("b.jsonl", "{\n").contains("b.jsonl:1: "))
        #expect(await message("c.txt", "") == "0 rows")
        #expect(await message("d.txt", "a\r\n\r\nb") == "3 rows")
        let work = CorpusEmbedding(input: "\(folder.path)/none", output: "\(folder.path)/out")
        await #expect(throws: JobsError.self) { try await work.run { Self.vectors($0) } }
    }
}
