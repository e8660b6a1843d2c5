// SPDX-License-Identifier: Apache-2.0
//
// Which reading of a model's name counts.

import ModelStore
import Testing

struct ModelReferenceTests {
    private func parse(_ text: String, folders: Set<String> = []) throws(ModelStoreError) -> ModelReference {
        try ModelReference(
            text, catalogue: .standard, home: "/users/me", workingDirectory: "/srv/here",
            isFolder: { folders.contains($0) })
    }

    private func entry() throws -> CatalogueEntry {
        try #require(Catalogue.standard.entry(named: "all-minilm-l6-v2"))
    }

    @Test(arguments: [
        "all-minilm-l6-v2", "All-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2",
        "hf:sentence-transformers/all-MiniLM-L6-v2", "SENTENCE-TRANSFORMERS/all-minilm-l6-v2",
    ])
    func catalogueNames(text: String) throws {
        #expect(try parse(text) == .catalogue(entry()))
    }

    @Test func aFolderDoesNotHideTheCatalogue() throws {
        let folder = "/srv/here/all-minilm-l6-v2"
        #expect(try parse("all-minilm-l6-v2", folders: [folder]) == .catalogue(entry()))
        #expect(try parse("./all-minilm-l6-v2", folders: [folder]) == .source(.folder(folder)))
    }

    @Test func hubIds() throws {
        #expect(try parse("BAAI/bge-m3") == .source(.hub(repository: "BAAI/bge-m3", revision: "main")))
        #expect(try parse("hf:a/b@refs/pr/1") == .source(.hub(repository: "a/b", revision: "refs/pr/1")))
        let other = try parse("sentence-transformers/all-MiniLM-L6-v2@v1")
        #expect(other == .source(.hub(repository: "sentence-transformers/all-MiniLM-L6-v2", revision: "v1")))
    }

    @Test func anExistingFolderIsNoHubId() throws {
        let folders: Set = ["/srv/here/models/mine", "/srv/here/mine"]
        #expect(try parse("models/mine", folders: folders) == .source(.folder("/srv/here/models/mine")))
        #expect(try parse("mine", folders: folders) == .source(.folder("/srv/here/mine")))
        #expect(
            try parse("hf:models/mine", folders: folders)
                == .source(.hub(repository: "models/mine", revision: "main")))
        #expect(try parse("other") == .name("other"))
    }

    @Test(arguments: [
        ("/a/b/", "/a/b"), ("./x", "/srv/here/x"), ("../x/./y", "/srv/x/y"), ("~/m", "/users/me/m"),
        (".", "/srv/here"),
        ("~", "/users/me"), ("/a/../../b", "/b"),
    ])
    func paths(text: String, path: String) throws {
        #expect(try parse(text) == .source(.folder(path)))
    }

    @Test func wheels() throws {
        let wheel = ModelSource.Wheel(package: "some-model", version: "1.0.post1")
        #expect(try parse("pypi:some-model==1.0.post1") == .source(.wheel(wheel)))
    }

    @Test(arguments: [
        "", "a/b/c", "a/", "/\u{0}", "a//b", "hf:only", "hf:../b", "hf:a/..", "hf:a/b@", "hf:a/b@../x", "hf:-a/b",
        "a b/c",
        "pypi:x", "pypi:x==", "pypi:--index-url==1", "pypi:x==1 --evil", "pypi:x>=1", "~other/x", "hf:a/b@-x",
    ])
    func whatIsNoReference(text: String) {
        #expect(throws: ModelStoreError.self) { try parse(text) }
    }

    @Test func sourcesAreReadBack() throws {
        let sources: [ModelSource] = [
            .hub(repository: "a/b", revision: "main"), .hub(repository: "a/b", revision: "v1"),
            .wheel(.init(package: "p", version: "1")), .folder("/x/y"),
        ]
        for source in sources { #expect(try ModelSource(reference: source.reference) == source) }
    }
}
