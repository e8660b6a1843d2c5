// SPDX-License-Identifier: Apache-2.0
//
// The store between pulls.

import ModelStore
import TestSupport
import Testing

/// What is on the disk: resolving, verifying, removing.
struct StoreTests {
    private let workspace = Workspace()
    private let hub = FakeHub()

    // MARK: Resolving

    @Test func unknownNamesGetSuggestions() async throws {
        let store = workspace.store(catalogue: .standard)
        let error = await storeError { _ = try store.resolve("all-minilm-l6-v3") }
        #expect(error?.code == .notFound)
        #expect(error?.suggestions.first == "all-minilm-l6-v2")
        #expect(error?.message.contains("nearest: all-minilm-l6-v2") == true)

        let installable = await storeError { _ = try store.resolve("all-minilm-l6-v2") }
        #expect(installable?.message.contains("hearth models pull all-minilm-l6-v2") == true)
        let hubId = await storeError { _ = try store.resolve("sentence-transformer/all-MiniLM-L6-v2") }
        #expect(hubId?.suggestions == ["sentence-transformers/all-MiniLM-L6-v2"])
        #expect(await storeError { _ = try store.resolve("zzz") }?.suggestions == [])
    }

    @Test func aWholeModelInTheHubsCacheIsFound() async throws {
        workspace.fillHubCache(TinyModel.needed)
        let store = workspace.store()
        let model = try store.resolve("acme/tiny")
        #expect(model.origin == .hubCache)
        #expect(model.folder == workspace.snapshot)
        #expect(model.files.count == TinyModel.needed.count)
        #expect(try store.resolve("acme/tiny@\(FakeHub.commit)").folder == workspace.snapshot)
        #expect(store.list().isEmpty)
    }

    @Test(arguments: ["model.safetensors", "tokenizer.json", "1_Pooling/config.json", "config.json"])
    func aPartOfAModelInTheHubsCacheIsNot(missing: String) async throws {
        var files = TinyModel.needed
        files[missing] = nil
        if missing == "tokenizer.json" { files["vocab.txt"] = nil }
        workspace.fillHubCache(files)
        #expect(throws: ModelStoreError.self) { try workspace.store().resolve("acme/tiny") }
    }

    /// Programs that load only the transformer do not fetch modules.json; taking what they fetched for the whole model
    /// could mean the wrong pooling.
    @Test func withoutModulesTheCacheMustSayThatThereAreNone() async throws {
        var files = TinyModel.needed
        files["modules.json"] = nil
        workspace.fillHubCache(files)
        let store = workspace.store()
        #expect(throws: ModelStoreError.self) { try store.resolve("acme/tiny") }
        writeFile([], to: workspace.repositoryCache + "/.no_exist/\(FakeHub.commit)/modules.json")
        #expect(try store.resolve("acme/tiny").origin == .hubCache)
    }

    @Test func aFolderIsUsedAsItIs() async throws {
        let folder = workspace.folder + "/mine"
        for (path, content) in TinyModel.repository { writeFile(content, to: folder + "/" + path) }
        let store = workspace.store()
        let model = try store.resolve(store.reference("./mine", workingDirectory: workspace.folder))
        #expect(model.origin == .folder)
        #expect(model.folder == folder)
        #expect(Set(model.files.map(\.path)) == Set(TinyModel.needed.keys))

        removeTree(folder + "/model.safetensors")
        let error = await storeError { _ = try store.resolve(folder) }
        #expect(error?.code == .incomplete)
        #expect(error?.message.contains("model.safetensors") == true)
    }

    // MARK: Pulling without a network

    @Test func aModelInTheHubsCacheIsPulledWithoutANetwork() async throws {
        workspace.fillHubCache(TinyModel.needed)
        let store = workspace.store()
        let model = try await store.pull(store.reference("acme/tiny"))
        #expect(model.origin == .store)
        #expect(model.files.allSatisfy { $0.sha256 != nil })
        #expect(store.list() == [model])

        #expect(try await store.remove(store.reference("acme/tiny")) < 5000)
        #expect(store.list().isEmpty)
        #expect(try store.resolve("acme/tiny").origin == .hubCache)
    }

    @Test func theCatalogueKnowsItsModelInTheHubsCache() async throws {
        workspace.fillHubCache(TinyModel.needed)
        let source = ModelSource.hub(repository: FakeHub.repository, revision: String(repeating: "f", count: 40))
        let store = workspace.store(catalogue: Catalogue([TinyModel.entry(sources: [source])]))
        #expect(try store.resolve("tiny").folder == workspace.snapshot)
        #expect(try await store.pull(store.reference("tiny")).revision == FakeHub.commit)
    }

    @Test func aFolderIsCopied() async throws {
        let folder = workspace.folder + "/mine"
        for (path, content) in TinyModel.repository { writeFile(content, to: folder + "/" + path) }
        let store = workspace.store(catalogue: .standard)
        for name in ["all-minilm-l6-v2", "../x", "", ".x"] {
            let error = await storeError { _ = try await store.pull(store.reference(folder), name: name) }
            #expect(error?.code == .invalidReference)
            #expect(error?.message.contains("--name") == true)
        }

        let model = try await store.pull(store.reference(folder))
        #expect(model.id == "mine")
        #expect(model.folder.hasPrefix(workspace.models + "/mine/files-"))
        removeTree(folder)
        #expect(try store.resolve("mine") == model)
        for (path, content) in TinyModel.needed { #expect(readFile(model.folder + "/" + path) == content) }
        #expect(!exists(model.folder + "/README.md"))
        #expect(try await store.verify(store.reference("mine")).isIntact)
        #expect(try await store.remove(store.reference("mine")) > 300_000)
        #expect(names(in: workspace.models) == [".locks", ".staging"])
    }

    // MARK: Verifying

    @Test func verifyingFindsWhatWasChanged() async throws {
        let servers = HubServers(hub)
        let store = workspace.store(endpoint: servers.endpoint)
        let reference = try store.reference("acme/tiny")
        _ = try await store.pull(reference)
        #expect(try await store.verify(reference).isIntact)

        func blob(_ path: String) -> String { workspace.repositoryCache + "/blobs/" + hub.etag(of: path) }
        var weights = TinyModel.weights
        weights[200_000] ^= 4
        writeFile(weights, to: blob("model.safetensors"))
        writeFile(Array("short".utf8), to: blob("vocab.txt"))
        removeTree(blob("tokenizer.json"))
        let log = ProgressLog()
        let verification = try await store.verify(reference, observer: log.record)
        #expect(Set(verification.problems.map(\.path)) == ["model.safetensors", "vocab.txt", "tokenizer.json"])
        #expect(
            verification.problems.contains {
                $0.kind
                    == .content(SHA256.hexDigest(of: weights), expected: SHA256.hexDigest(of: TinyModel.weights))
            })
        #expect(verification.problems.contains { $0.kind == .missing })
        #expect(log.all.last?.phase == .verifying)

        // Lengths differ, so that the model no longer counts as installed, and a pull repairs it.
        let broken = await storeError { _ = try store.resolve(reference) }
        #expect(broken?.code == .incomplete)
        _ = try await store.pull(reference)
        #expect(try await store.verify(reference).isIntact)
    }

    @Test func theHubsCacheIsVerifiedByTheNamesOfItsBlobs() async throws {
        workspace.fillHubCache(TinyModel.needed)
        let store = workspace.store()
        let reference = try store.reference("acme/tiny")
        #expect(try await store.verify(reference).isIntact)
        let etag = gitBlob(TinyModel.needed["vocab.txt"] ?? [])
        writeFile(Array("[PAD]\n[UNC]\n".utf8), to: "\(workspace.repositoryCache)/blobs/\(etag)")
        #expect(try await store.verify(reference).problems.map(\.path) == ["vocab.txt"])
    }

    @Test func aFolderHasNothingToCompareWith() async throws {
        let folder = workspace.folder + "/mine"
        for (path, content) in TinyModel.needed { writeFile(content, to: folder + "/" + path) }
        let store = workspace.store()
        let error = await storeError { _ = try await store.verify(store.reference(folder)) }
        #expect(error?.code == .unsupported)
    }

    // MARK: Removing

    @Test func removingTakesAwayWhatWasPutThere() async throws {
        let servers = HubServers(hub)
        let store = workspace.store(endpoint: servers.endpoint)
        _ = try await store.pull(store.reference("acme/tiny"))
        let freed = try await store.remove(store.reference("acme/tiny"))
        #expect(freed >= Int64(TinyModel.weights.count))
        #expect(!exists(workspace.repositoryCache))
        #expect(!exists(workspace.models + "/acme--tiny"))
        let again = await storeError { _ = try await store.remove(store.reference("acme/tiny")) }
        #expect(again?.code == .notFound)
    }

    @Test func removingLeavesWhatOthersUse() async throws {
        // One blob was there before, one is linked by another snapshot.
        workspace.fillHubCache(["config.json": TinyModel.needed["config.json"] ?? []])
        let servers = HubServers(hub)
        let store = workspace.store(endpoint: servers.endpoint)
        _ = try await store.pull(store.reference("acme/tiny"))
        let weights = workspace.repositoryCache + "/blobs/" + hub.etag(of: "model.safetensors")
        let other = workspace.repositoryCache + "/snapshots/" + String(repeating: "e", count: 40)
        workspace.link(other + "/model.safetensors", to: "../../blobs/" + hub.etag(of: "model.safetensors"))

        try await store.remove(store.reference("acme/tiny"))
        #expect(exists(weights))
        #expect(readFile(other + "/model.safetensors") == TinyModel.weights)
        #expect(readFile(workspace.snapshot + "/config.json") == TinyModel.needed["config.json"])
        #expect(readFile(workspace.repositoryCache + "/refs/main") == Array(FakeHub.commit.utf8))
        #expect(!exists(workspace.repositoryCache + "/blobs/" + hub.etag(of: "tokenizer.json")))
    }

    @Test func twoModelsMayShareASnapshot() async throws {
        let servers = HubServers(hub)
        let store = workspace.store(endpoint: servers.endpoint)
        let byBranch = try store.reference("acme/tiny")
        let byCommit = try store.reference("acme/tiny@\(FakeHub.commit)")
        _ = try await store.pull(byBranch)
        let second = try await store.pull(byCommit)
        try await store.remove(byBranch)
        #expect(try store.resolve(byCommit) == second)
        #expect(try await store.verify(byCommit).isIntact)
        // What the first had fetched was handed over to the second.
        try await store.remove(byCommit)
        #expect(!exists(workspace.repositoryCache))
    }

    @Test func anInterruptedPullCanBeRemovedToo() async throws {
        let servers = HubServers(hub)
        hub.configure { $0.cuts["model.safetensors"] = [1000, 1000, 1000] }
        let store = workspace.store(endpoint: servers.endpoint)
        _ = await storeError { _ = try await store.pull(store.reference("acme/tiny")) }
        #expect(exists(workspace.repositoryCache))
        try await store.remove(store.reference("acme/tiny"))
        #expect(!exists(workspace.repositoryCache))
    }

    @Test(arguments: ["..", ".", "", ".locks", "../../x", "/"])
    func noNameLeadsOutOfTheStore(name: String) async throws {
        let folder = workspace.folder + "/mine"
        for (path, content) in TinyModel.needed { writeFile(content, to: folder + "/" + path) }
        let store = workspace.store()
        let model = try await store.pull(store.reference(folder))
        let error = await storeError { _ = try await store.remove(.name(name)) }
        #expect(error?.code == .notFound)
        #expect(store.list() == [model])
    }

    @Test func damagedManifestsAreReported() async throws {
        writeFile(Array("{".utf8), to: workspace.models + "/x/manifest.json")
        let store = workspace.store()
        var damage: [ModelStoreError] = []
        #expect(store.list { damage.append($0) }.isEmpty)
        #expect(damage.map(\.code) == [.corrupt])
        #expect(await storeError { _ = try store.resolve("x") }?.code == .corrupt)
    }
}
