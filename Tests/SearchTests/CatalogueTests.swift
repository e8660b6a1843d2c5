// SPDX-License-Identifier: Apache-2.0
//
// The indexes that a user has.

import Search
import TestSupport
import Testing

@Suite struct CatalogueTests {
    let home = TemporaryFolder()
    let tree = TemporaryFolder()
    var catalogue: IndexCatalogue { IndexCatalogue(home.path + "/indexes") }

    func sync(_ folder: String, _ fakes: FakeEmbedder...) async throws {
        _ = try await Synchronizer(root: folder, indexes: catalogue.path, embedders: fakes.map(\.embedder)).run()
    }

    @Test func indexesSayWhatTheyAre() async throws {
        #expect(catalogue.entries().isEmpty)
        tree.write("alpha\n", to: "a/a.txt")
        tree.write([0], to: "a/b.bin2")
        tree.write("beta\n", to: "b/b.txt")
        try await sync(tree.path + "/a", FakeEmbedder("1"))
        try? await sync(tree.path + "/b", FakeEmbedder("1", failsAfter: 0))
        let entries = catalogue.entries()
        try #require(entries.count == 2)
        #expect(entries[0].bytes > 10_000)
        let first = try entries[0].status.get()
        #expect(first.root == (try IndexFolder.canonical(tree.path + "/a")))
        #expect(first.files == 1)
        #expect(first.chunks == 1)
        #expect(first.space?.model == "fake-1")
        #expect(first.missing == 0)
        #expect(first.filling.isEmpty)
        #expect(first.isComplete)
        #expect(first.synced ?? 0 > 1_600_000_000)
        let second = try entries[1].status.get()
        #expect(second.space == nil)
        #expect(second.filling.map(\.done) == [0])
        #expect(second.filling.map(\.total) == [1])
        #expect(!second.isComplete)
        #expect(second.synced == nil)
    }

    @Test func theNearestIndexAnswers() async throws {
        tree.write("alpha\n", to: "a/b/c.txt")
        try await sync(tree.path)
        try await sync(tree.path + "/a/b")
        let root = try IndexFolder.canonical(tree.path)
        #expect(catalogue.nearest(to: tree.path + "/a/b")?.root == root + "/a/b")
        #expect(catalogue.nearest(to: tree.path + "/a/../a")?.root == root)
        #expect(catalogue.nearest(to: tree.path + "/a")?.below == "a")
        let gone = try #require(catalogue.nearest(to: root + "/gone/with/thé/wind"))
        #expect(gone.root == root && gone.below == "gone/with/thé/wind")
        #expect(catalogue.nearest(to: "/") == nil)
    }

    @Test func indexesAreRemoved() async throws {
        tree.write("alpha\n", to: "a.txt")
        try await sync(tree.path)
        let root = try IndexFolder.canonical(tree.path)
        let writer = try IndexWriter(root: root, indexes: catalogue.path, chunking: "")
        #expect(throws: SearchError.self) { try catalogue.remove(tree.path) }
        writer.close()
        let reader = try IndexReader(writer.folder)
        try catalogue.remove(tree.path)
        #expect(catalogue.entries().isEmpty)
        #expect(catalogue.nearest(to: tree.path) == nil)
        #expect(try find("alpha", reader) == ["a.txt:1"])
        let error = #expect(throws: SearchError.self) { try catalogue.remove(tree.path) }
        #expect(error?.code == .notFound)
        try await sync(tree.path)
        #expect(catalogue.entries().count == 1)
    }
}
