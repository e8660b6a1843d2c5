// SPDX-License-Identifier: Apache-2.0
//
// An index as it is written and read, without a folder behind it.

import Chunking
import GRDB
import Search
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct StoreTests {
    let folder = TemporaryFolder()
    let space = VectorSpace(id: "space-1", model: "small", dimensions: 5)

    func writer(chunking: String = "1") throws -> IndexWriter {
        try IndexWriter(root: "/somewhere", indexes: folder.path + "/data/indexes", chunking: chunking)
    }

    func file(_ path: String, _ texts: [String], symbol: String? = nil) -> FileChange {
        let chunks = texts.enumerated().map { index, text in
            Chunk(text: text, lines: index * 10 + 1...index * 10 + 10, language: "swift", symbol: symbol)
        }
        return .replaced(
            path: path, FileStamp(size: 1, modified: 2, inode: .max), digest: Digest(of: texts.joined()),
            language: "swift", chunks: chunks)
    }

    func vector(_ content: Int64) -> [Float] { (0..<5).map { Float($0) - Float(content) / 3 } }

    /// Embeds what is missing.
    func fill(_ writer: IndexWriter, _ space: StoredSpace) throws {
        for text in try writer.texts(of: writer.missing(in: space)) {
            try writer.append(vector(text.content), of: [text.content], to: space)
        }
    }

    @Test func writesAndReads() throws {
        let writer = try writer()
        try writer.apply([file("a.swift", ["alpha beta", "gamma"]), file("b/c.swift", ["alpha beta"])])
        let reader = try IndexReader(writer.folder)
        #expect(try find("beta", reader) == ["a.swift:1", "b/c.swift:1"])
        #expect(try reader.read { $0.semantic == nil })

        let stored = try writer.open(space)
        #expect(try writer.missing(in: stored).count == 2)
        try fill(writer, stored)
        #expect(try reader.read { $0.semantic == nil })
        try writer.activate(stored)
        let semantic = try #require(try reader.read { $0.semantic }).get()
        #expect(semantic.vectors.count == 2)
        #expect(Array(semantic.vectors.vector(1)) == vector(2))

        // Nothing is embedded twice.
        try writer.apply([file("d.swift", ["gamma"])])
        #expect(try writer.missing(in: stored).isEmpty)
        #expect(try find("gamma", reader) == ["a.swift:11", "d.swift:1"])
        let files = try writer.files()
        #expect(files.count == 3)
        #expect(files["d.swift"]?.stamp.inode == .max)
    }

    @Test func forgetsChunks() throws {
        let writer = try writer()
        try writer.apply([file("a", ["one two", "three"]), file("b", ["two"])])
        let reader = try IndexReader(writer.folder)
        let id = try #require(writer.files()["b"]?.id)
        try writer.apply([file("a", ["three four"]), .removed(id: id)])
        #expect(try find("two", reader) == [])
        #expect(try find("three", reader) == ["a:1"])
        try writer.verify()
    }

    @Test func symbolsAreEmbedded() throws {
        let writer = try writer()
        try writer.apply([file("a", ["return 1"], symbol: "f"), file("b", ["return 1"], symbol: "g")])
        let stored = try writer.open(space)
        #expect(try writer.texts(of: writer.missing(in: stored)).map(\.text) == ["f\nreturn 1", "g\nreturn 1"])
    }

    @Test func quantizesWithinAHalfStep() throws {
        let wide = VectorSpace(id: "wide", model: "m", dimensions: 70)
        let writer = try writer()
        try writer.apply([file("a", (0..<200).map { "text \($0)" })])
        let stored = try writer.open(wide)
        let missing = try writer.missing(in: stored)
        let vectors = missing.map { content in (0..<70).map { Float(($0 * 37 + Int(content) * 11) % 101) - 50 } }
        try writer.append(Array(vectors[..<150].joined()), of: Array(missing[..<150]), to: stored)
        try writer.append(Array(vectors[150...].joined()), of: Array(missing[150...]), to: stored)
        try writer.activate(stored)
        let mapped = try #require(try IndexReader(writer.folder).read { $0.semantic }).get().vectors
        #expect(mapped.stride == 128)
        #expect(mapped.blockCount == 4)
        for index in 0..<mapped.blockCount {
            let block = mapped.block(index)
            #expect(block.count == min(64, 200 - index * 64))
            #expect(UInt(bitPattern: block.rows) % 64 == 0)
            for row in 0..<block.count {
                let exact = mapped.vector(block.first + row)
                #expect(Array(exact) == vectors[block.first + row])
                for column in 0..<70 {
                    let value = Float(block.rows[row * mapped.stride + column]) * block.scales[row]
                    #expect(abs(value - exact[column]) <= block.scales[row] * 0.5001)
                }
                #expect((70..<128).allSatisfy { block.rows[row * mapped.stride + $0] == 0 })
            }
        }
    }

    @Test func keepsOrphansForAWhile() throws {
        let writer = try writer()
        try writer.apply([file("a", (0..<100).map { "a \($0)" }), file("b", (0..<40).map { "b \($0)" })])
        let stored = try writer.open(space)
        try fill(writer, stored)
        try writer.activate(stored)
        let b = try #require(writer.files()["b"]?.id)
        try writer.apply([.removed(id: b)])
        try writer.tidy()
        try writer.apply([file("b", (0..<40).map { "b \($0)" })])
        #expect(try writer.missing(in: stored).isEmpty)

        // More than half of the others: the oldest go, and the files get shorter.
        let reader = try IndexReader(writer.folder)
        let before = try #require(try reader.read { $0.semantic }).get()
        try writer.apply([file("a", (0..<20).map { "a \($0)" })])
        try writer.tidy()
        let after = try #require(try reader.read { $0.semantic }).get()
        #expect(before.vectors.count == 140)
        #expect(after.vectors.count == 60 + 30)
        #expect(after.stored.vectorsFile != before.stored.vectorsFile)
        #expect(Array(before.vectors.vector(139)) == vector(140))
        for (content, slot) in try reader.read({
            try Row.fetchAll($0.database, sql: "SELECT content_id, slot FROM vectors").map {
                ($0[0] as Int64, $0[1] as Int)
            }
        }) {
            #expect(Array(after.vectors.vector(slot)) == vector(content))
        }
        #expect(!exists(writer.folder.path + "/" + before.stored.vectorsFile + ".i8"))
        // And it goes on from there.
        try writer.apply([file("c", ["new"])])
        try fill(writer, try #require(writer.spaces().first))
        #expect(try reader.read { $0.semantic }?.get().vectors.count == 91)
    }

    @Test func oneWriterAtATime() throws {
        let first = try writer()
        let error = #expect(throws: SearchError.self) { _ = try writer() }
        #expect(error?.code == .busy)
        #expect(error?.message.contains("process \(getpid())") == true)
        withExtendedLifetime(first) {}
    }

    @Test func otherChunkingMakesFilesCountAsChanged() throws {
        do {
            let writer = try writer()
            try writer.apply([file("a", ["x"])])
            try writer.finish()
        }
        let writer = try writer(chunking: "2")
        #expect(try writer.files()["a"]?.stamp.modified == 0)
        #expect(try writer.files()["a"]?.digest != Digest(of: "x"))
        #expect(try !writer.isComplete())
    }

    @Test func aNewSpaceTakesOverWhole() throws {
        let writer = try writer()
        try writer.apply([file("a", ["x", "y"])])
        let first = try writer.open(space)
        try fill(writer, first)
        try writer.activate(first)
        let reader = try IndexReader(writer.folder)
        let better = VectorSpace(id: "space-2", model: "large", dimensions: 5)
        let second = try writer.open(better)
        try fill(writer, second)
        #expect(try reader.read { $0.semantic }?.get().stored.space == space)
        try writer.activate(second)
        #expect(try reader.read { $0.semantic }?.get().stored.space == better)
        #expect(try writer.spaces().count == 1)
        #expect(!exists(writer.folder.path + "/vectors-1.f32"))
    }
}
