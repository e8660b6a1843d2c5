// SPDX-License-Identifier: Apache-2.0
//
// An index of given chunks and vectors, without a folder of files behind it.

import Chunking
import Search
import TestSupport

final class SearchableIndex: Sendable {
    static let space = VectorSpace(id: "space-a", model: "model-a", dimensions: 64)

    private let folder = TemporaryFolder()
    /// The folder that is indexed, and all indexes.
    var root: String { folder.path }
    var catalogue: IndexCatalogue { IndexCatalogue(folder.path + "/indexes") }
    let writer: IndexWriter
    let space: VectorSpace

    init(_ space: VectorSpace = SearchableIndex.space) throws {
        self.space = space
        writer = try IndexWriter(root: folder.path, indexes: folder.path + "/indexes", chunking: "test")
    }

    /// A file of one chunk for each text, of one line at least, under one another.
    func add(_ path: String, _ texts: String..., symbol: String? = nil, language: String? = nil) throws {
        try add(path, chunks: texts, symbol: symbol, language: language)
    }

    func add(_ path: String, chunks texts: [String], symbol: String? = nil, language: String? = nil) throws {
        var line = 1
        let chunks = texts.map { text in
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).count
            defer { line += lines + 10 }  // apart, so that they are no neighbours
            return Chunk(text: text, lines: line...line + lines - 1, language: language, symbol: symbol)
        }
        let stamp = FileStamp(size: 1, modified: 1, inode: 1)
        try writer.apply([
            .replaced(path: path, stamp, digest: Digest(of: path), language: language, chunks: chunks)
        ])
    }

    /// One chunk each.
    func add(files: [(path: String, text: String)]) throws {
        let stamp = FileStamp(size: 1, modified: 1, inode: 1)
        try writer.apply(
            files.map { path, text in
                let chunk = Chunk(text: text, lines: 1...1, language: nil, symbol: nil)
                return .replaced(path: path, stamp, digest: Digest(of: path), language: nil, chunks: [chunk])
            })
    }

    /// Gives vectors to all texts that have none, and makes the space the one that is searched.
    func embed(_ vector: (String) -> [Float]) throws {
        let stored = try writer.open(space)
        let texts = try writer.texts(of: writer.missing(in: stored))
        try writer.append(texts.flatMap { vector($0.text) }, of: texts.map(\.content), to: stored)
        try writer.activate(stored)
        try writer.finish()
    }

    func open(threads: Int = 2) throws -> OpenIndex {
        try OpenIndex(writer.folder, threads: .started(threads))
    }

    func vector(_ values: [Float]) -> QueryVector { QueryVector(space: space.id, values: values) }
}

extension OpenIndex {
    func paths(
        _ text: String, mode: SearchQuery.Mode = .lexical, count: Int = 10, filter: SearchFilter = SearchFilter(),
        vector: QueryVector? = nil
    ) throws -> [String] {
        try find(SearchQuery(text, mode: mode, count: count, filter: filter, vector: vector)).results.map(\.path)
    }
}

/// Random directions of length 1.
struct RandomVectors {
    var generator: SeededGenerator

    init(_ seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func next(_ dimensions: Int, around center: [Float]? = nil, spread: Float = 1) -> [Float] {
        var values = (0..<dimensions).map { index in
            // Three uniform numbers are nearly normal together; twice the sum has variance 1.
            var sum: Float = -3
            for _ in 0..<3 { sum += 2 * Float.random(in: 0..<1, using: &generator) }
            return (center?[index] ?? 0) + spread * sum / Float(dimensions).squareRoot()
        }
        let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        for index in values.indices { values[index] /= length }
        return values
    }
}
