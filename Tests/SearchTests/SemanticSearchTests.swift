// SPDX-License-Identifier: Apache-2.0
//
// What vectors find is what comparing all of them exactly would find.

import CKernels
import Search
import TestSupport
import Testing

@Suite struct SemanticSearchTests {
    /// The share of the exact ten best that is found.
    @Test(arguments: [("random", 64), ("clustered", 64), ("random", 100), ("clustered", 384)])
    func recallsWhatExactSearchFinds(_ kind: String, _ dimensions: Int) throws {
        let index = try SearchableIndex(VectorSpace(id: "s", model: "m", dimensions: dimensions))
        var random = RandomVectors(UInt64(dimensions))
        let centers = (0..<20).map { _ in random.next(dimensions) }
        let count = 3000
        try index.add(files: (0..<count).map { ("\($0)", "text \($0)") })
        var vectors: [String: [Float]] = [:]
        try index.embed { text in
            let center = kind == "random" ? nil : centers.randomElement(using: &random.generator)
            let vector = random.next(dimensions, around: center, spread: kind == "random" ? 1 : 0.15)
            vectors[text] = vector
            return vector
        }
        let open = try index.open()
        var (found, expected) = (0, 0)
        let kernels = try #require(ck_kernels_best()).pointee
        // The kernel's, for a loop in a debug build takes a minute.
        func dot(_ a: [Float], _ b: [Float]) -> Float { kernels.dot(a, b, Int64(dimensions)) }
        for query in 0..<20 {
            let center = kind == "random" ? nil : centers[query % centers.count]
            let vector = random.next(dimensions, around: center, spread: kind == "random" ? 1 : 0.15)
            let exact = vectors.map { (text: $0.key, score: dot($0.value, vector)) }
                .sorted { $0.score > $1.score }.prefix(10)
            let nearest = try open.find(
                SearchQuery("?", mode: .semantic, vector: QueryVector(space: "s", values: vector))
            ).results
            #expect(zip(nearest, nearest.dropFirst()).allSatisfy { $0.score >= $1.score })
            #expect(zip(nearest, exact).allSatisfy { abs($0.score - $1.score) < 1e-3 })
            found += Set(nearest.map(\.snippet.text)).intersection(exact.map(\.text)).count
            expected += exact.count
        }
        let recall = Double(found) / Double(expected)
        print("recall@10 of \(kind) vectors with \(dimensions) dimensions: \(recall)")
        #expect(recall >= 0.99)
    }

    @Test func contentsWithoutChunksAreNotFound() throws {
        let index = try SearchableIndex()
        var random = RandomVectors(7)
        let near = random.next(64)
        // So many near ones that the first look finds nothing else.
        try index.add("gone.txt", chunks: (0..<400).map { "gone \($0)" })
        try index.add("kept.txt", "kept")
        try index.embed { $0 == "kept" ? random.next(64) : random.next(64, around: near, spread: 0.05) }
        try index.add("gone.txt", chunks: [])
        let found = try index.open().find(
            SearchQuery("", mode: .semantic, count: 1, vector: index.vector(near)))
        #expect(found.results.map(\.path) == ["kept.txt"])
        #expect(found.mode == .semantic && found.space == index.space && found.freshness.isComplete == false)
    }

    @Test func vectorsOfAnotherSpaceAreNotCompared() throws {
        let index = try SearchableIndex()
        try index.add("a.txt", "some words")
        try index.embed { _ in [Float](repeating: 0.125, count: 64) }
        let open = try index.open()
        let other = QueryVector(space: "space-b", values: [Float](repeating: 0.125, count: 64))
        let found = try open.find(SearchQuery("words", vector: other))
        #expect(found.mode == .lexical && found.fallback == .otherSpace(index.space) && found.space == nil)
        #expect(found.results.map(\.path) == ["a.txt"])
        #expect(throws: SearchError.self) { try open.find(SearchQuery("words", mode: .semantic, vector: other)) }
        #expect(throws: SearchError.self) { try open.find(SearchQuery("words", vector: index.vector([1, 2]))) }
        #expect(throws: SearchError.self) {
            try open.find(SearchQuery("words", vector: index.vector([Float](repeating: .nan, count: 64))))
        }
        #expect(throws: SearchError.self) { try open.find(SearchQuery("words", count: 0)) }
        #expect(try open.activeSpace() == index.space)
    }

    @Test func wordsAnswerWhereThereAreNoVectors() throws {
        let index = try SearchableIndex()
        try index.add("a.txt", "some words")
        let open = try index.open()
        let vector = index.vector([Float](repeating: 0, count: 64))
        let before = try open.find(SearchQuery("words", vector: vector))
        #expect(before.mode == .lexical && before.fallback == .noVectors && before.results.count == 1)
        #expect(before.freshness.withoutVector == 1 && before.freshness.synced == nil)
        try index.embed { _ in [Float](repeating: 0.125, count: 64) }
        let after = try open.find(SearchQuery("words", vector: vector))
        #expect(after.mode == .hybrid && after.fallback == nil, "a new state is noticed")
        #expect(after.freshness.synced != nil && after.freshness.isComplete)
        #expect(try open.find(SearchQuery("words")).fallback == .noQueryVector)
        #expect(try open.find(SearchQuery("words", mode: .semantic)).mode == .lexical)
    }

    @Test func wordsAnswerWhereVectorFilesAreDamaged() throws {
        let index = try SearchableIndex()
        try index.add("a.txt", "some words")
        try index.embed { _ in [Float](repeating: 0.125, count: 64) }
        let vector = index.vector([Float](repeating: 0, count: 64))
        for name in try vectorFiles(in: index.writer.folder.path) {
            writeFile(Array(try #require(readFile(name)).prefix(10)), to: name)
        }
        let found = try index.open().find(SearchQuery("words", vector: vector))
        #expect(found.mode == .lexical && found.results.count == 1)
        if case .damagedVectors? = found.fallback {} else { Issue.record("\(String(describing: found.fallback))") }
        for name in try vectorFiles(in: index.writer.folder.path) { removeTree(name) }
        #expect(try index.open().find(SearchQuery("words", vector: vector)).results.count == 1)
    }

    private func vectorFiles(in folder: String) throws -> [String] {
        (0..<10).flatMap { ["\(folder)/vectors-\($0).i8", "\(folder)/vectors-\($0).f32"] }.filter(exists)
    }
}
