// SPDX-License-Identifier: Apache-2.0
//
// From a folder and a question to an answer: which index it is, what the models
// are asked, and what is said where they cannot help.

import Search
import Testing

struct FindServiceTests {
    private let index: SearchableIndex
    private let service: FindService

    init() throws {
        index = try SearchableIndex()
        for number in 0..<10 { try index.add("src/\(number)", "needle \(number)") }
        try index.add("docs/a", "needle in the documents")
        service = FindService(index.catalogue, threads: .started(2))
    }

    /// Vectors of one direction for all texts, so that words alone decide.
    private func embed() throws { try index.embed { _ in Self.direction } }

    private static let direction = [Float](repeating: 0.125, count: SearchableIndex.space.dimensions)

    private func models(
        embed: @escaping FindModels.Embed = { _, _ in FindServiceTests.direction },
        rerank: @escaping FindModels.Rerank = { _, texts, _ in
            .init(scores: texts.map { Float(String($0.split(separator: " ").last ?? "")) ?? .nan }, model: "judge")
        }
    ) -> FindModels { FindModels(embed: embed, rerank: rerank) }

    private func request(_ below: String = "", mode: SearchQuery.Mode = .hybrid) -> FindRequest {
        FindRequest(root: index.root + below, query: SearchQuery("needle", mode: mode, count: 3))
    }

    @Test func theQueryIsEmbeddedInTheSpaceOfTheIndex() async throws {
        try embed()
        let answer = try await service.find(
            request(),
            models(embed: { query, space in
                #expect(query == "needle" && space == SearchableIndex.space)
                return Self.direction
            }))
        #expect(answer.mode == .hybrid && answer.space == SearchableIndex.space && answer.notice == nil)
        #expect(answer.root == index.root && answer.results.count == 3 && answer.reranker == nil)
    }

    @Test func aRerankerHasTheLastWord() async throws {
        try embed()
        var request = request("/src")
        request.reranks = true
        let answer = try await service.find(request, models())
        #expect(answer.results.map(\.path) == ["src/9", "src/8", "src/7"])
        #expect(answer.results.map(\.score) == [9, 8, 7] && answer.reranker == "judge")
        struct Failure: Error {}
        await #expect(throws: Failure.self) {
            try await service.find(request, models(rerank: { _, _, _ in throw Failure() }))
        }
        await #expect(throws: SearchError.self) {
            try await service.find(request, models(rerank: { _, _, _ in .init(scores: [1], model: "judge") }))
        }
    }

    @Test func aFolderBelowIsSearchedAlone() async throws {
        let below = try await service.find(request("/docs", mode: .lexical), models())
        #expect(below.results.map(\.path) == ["docs/a"])
        var whole = request("/docs", mode: .lexical)
        whole.isWholeIndex = true
        #expect(try await service.find(whole, models()).results.count == 3)
    }

    @Test func withoutVectorsOrModelWordsAreSearchedAndItIsSaid() async throws {
        let unembedded = try await service.find(request(), models())
        #expect(unembedded.mode == .lexical && unembedded.notice?.contains("no vectors yet") == true)
        try embed()
        let complaining = models(embed: { _, _ in throw UnusableModel("'model-a' is not installed") })
        let answer = try await service.find(request(), complaining)
        #expect(answer.mode == .lexical && answer.results.count == 3)
        #expect(answer.notice == "words alone were searched: 'model-a' is not installed")
        await #expect(throws: CancellationError.self) {
            try await service.find(request(), models(embed: { _, _ in throw CancellationError() }))
        }
    }

    @Test func whatIsNotIndexedIsNamed() async throws {
        await #expect(throws: SearchError.self) {
            try await service.find(FindRequest(root: "/nowhere", query: SearchQuery("x")), models())
        }
    }

    @Test func aNewIndexTakesThePlaceOfARemovedOne() async throws {
        #expect(try await service.find(request(mode: .lexical), models()).results.count == 3)
        #expect(throws: SearchError.self) { try index.catalogue.remove(index.writer.folder) }
        index.writer.close()
        try index.catalogue.remove(index.writer.folder)
        await #expect(throws: SearchError.self) { try await service.find(request(mode: .lexical), models()) }
        let writer = try IndexWriter(root: index.root, indexes: index.catalogue.path, chunking: "test")
        defer { writer.close() }
        #expect(try await service.find(request(mode: .lexical), models()).results.isEmpty)
        #expect(index.catalogue.entries().count == 1)
    }
}
