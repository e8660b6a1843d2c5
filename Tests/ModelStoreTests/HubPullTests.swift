// SPDX-License-Identifier: Apache-2.0
//
// Pulls from a fake hub over real HTTP, with the curl of this machine.

import ModelStore
import TestSupport
import Testing

/// Pulls from a hub that behaves, and from one that does not.
struct HubPullTests {
    private let workspace = Workspace()
    private let hub = FakeHub()

    private func store(_ servers: HubServers, environment: [String: String] = [:]) -> ModelStore {
        workspace.store(endpoint: servers.endpoint, environment: environment)
    }

    @Test func aFreshPullFillsTheHubsCache() async throws {
        let servers = HubServers(hub)
        let store = store(servers)
        let log = ProgressLog()
        let model = try await store.pull(store.reference("acme/tiny"), observer: log.record)

        #expect(model.id == "acme/tiny")
        #expect(model.revision == FakeHub.commit)
        #expect(model.folder == workspace.snapshot)
        #expect(Set(model.files.map(\.path)) == Set(TinyModel.needed.keys))
        for (path, content) in TinyModel.needed {
            #expect(readFile(model.folder + "/" + path) == content)
            #expect(readFile(workspace.repositoryCache + "/blobs/" + hub.etag(of: path)) == content)
        }
        #expect(readFile(workspace.repositoryCache + "/refs/main") == Array(FakeHub.commit.utf8))
        #expect(hub.seen.allSatisfy { !$0.path.contains("pytorch_model") && !$0.path.contains("onnx") })
        #expect(log.phases.isSuperset(of: [.resolving, .verifying, .installing]))
        #expect(try store.resolve("acme/tiny") == model)
        #expect(store.list() == [model])
        #expect(!names(in: workspace.repositoryCache + "/blobs").contains { $0.hasSuffix(".incomplete") })
    }

    @Test func aSecondPullAsksNobody() async throws {
        let servers = HubServers(hub)
        let store = store(servers)
        let first = try await store.pull(store.reference("acme/tiny"))
        let count = hub.seen.count
        #expect(try await store.pull(store.reference("hf:acme/tiny")) == first)
        #expect(hub.seen.count == count)
    }

    @Test func forceAsksAgainButFetchesOnlyWhatIsDamaged() async throws {
        let servers = HubServers(hub)
        let store = store(servers)
        let model = try await store.pull(store.reference("acme/tiny"))
        writeFile(Array("junk".utf8), to: workspace.repositoryCache + "/blobs/" + hub.etag(of: "vocab.txt"))
        _ = try await store.pull(store.reference("acme/tiny"), force: true)
        #expect(hub.downloads(of: "model.safetensors").count == 1)
        #expect(hub.downloads(of: "vocab.txt").count == 2)
        #expect(readFile(model.folder + "/vocab.txt") == TinyModel.needed["vocab.txt"])
    }

    @Test func aCutConnectionIsResumed() async throws {
        let servers = HubServers(hub)
        hub.configure { $0.cuts["model.safetensors"] = [100_000, 50_000] }
        let store = store(servers)
        let model = try await store.pull(store.reference("acme/tiny"))
        #expect(readFile(model.folder + "/model.safetensors") == TinyModel.weights)
        #expect(hub.downloads(of: "model.safetensors").map(\.range) == [nil, "bytes=100000-", "bytes=150000-"])
    }

    @Test func aLaterPullGoesOnWhereAnEarlierOneFailed() async throws {
        let servers = HubServers(hub)
        hub.configure { $0.cuts["model.safetensors"] = [1000, 1000, 1000] }
        let store = store(servers)
        let error = await storeError { _ = try await store.pull(store.reference("acme/tiny")) }
        #expect(error?.code == .unavailable)
        #expect(store.list().isEmpty)
        #expect(throws: ModelStoreError.self) { try store.resolve("acme/tiny") }
        _ = try await store.pull(store.reference("acme/tiny"))
        #expect(hub.downloads(of: "model.safetensors").last?.range == "bytes=3000-")
        #expect(hub.downloads(of: "tokenizer.json").count == 1)
    }

    @Test func aServerThatIgnoresRangesStartsAgain() async throws {
        let servers = HubServers(hub)
        hub.configure {
            $0.ignoresRange = true
            $0.cuts["model.safetensors"] = [100_000]
        }
        let store = store(servers)
        let model = try await store.pull(store.reference("acme/tiny"))
        #expect(readFile(model.folder + "/model.safetensors") == TinyModel.weights)
    }

    @Test func damagedContentIsThrownAway() async throws {
        let servers = HubServers(hub)
        hub.configure { $0.corrupts = ["model.safetensors"] }
        let store = store(servers)
        let error = await storeError { _ = try await store.pull(store.reference("acme/tiny")) }
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains("model.safetensors") == true)
        let blobs = names(in: workspace.repositoryCache + "/blobs")
        #expect(!blobs.contains { $0.hasPrefix(hub.etag(of: "model.safetensors")) })
        #expect(store.list().isEmpty)
    }

    /// A part from elsewhere: its checksum cannot fit, and the file is fetched once more from its start.
    @Test func aDamagedPartIsFetchedAgain() async throws {
        let servers = HubServers(hub)
        let etag = hub.etag(of: "model.safetensors")
        writeFile([UInt8](repeating: 1, count: 5000), to: workspace.repositoryCache + "/blobs/\(etag).incomplete")
        let store = store(servers)
        let model = try await store.pull(store.reference("acme/tiny"))
        #expect(readFile(model.folder + "/model.safetensors") == TinyModel.weights)
        #expect(hub.downloads(of: "model.safetensors").map(\.range) == ["bytes=5000-", nil])
    }

    @Test func passingFailuresAreTriedAgain() async throws {
        let servers = HubServers(hub)
        hub.configure {
            $0.statuses["revision/main"] = [503]
            $0.statuses["/resolve/\(FakeHub.commit)/config.json"] = [500, 429]
            $0.statuses["/storage/model.safetensors"] = [502]
        }
        let store = store(servers)
        _ = try await store.pull(store.reference("acme/tiny"))
    }

    @Test func lastingFailuresAreNot() async throws {
        let servers = HubServers(hub)
        hub.configure { $0.statuses["revision/main"] = [500, 500, 500, 500] }
        let store = store(servers)
        let error = await storeError { _ = try await store.pull(store.reference("acme/tiny")) }
        #expect(error?.code == .unavailable)
        #expect(error?.isTemporary == true)
        #expect(hub.seen.count == 3)
    }

    @Test func unknownRepositoriesAndRevisions() async throws {
        let servers = HubServers(hub)
        let store = store(servers)
        for text in ["acme/other", "acme/tiny@v9"] {
            let error = await storeError { _ = try await store.pull(store.reference(text)) }
            #expect(error?.code == .notFound)
            #expect(!exists(workspace.models + "/acme--other"))
        }
    }

    @Test func aTokenGoesToTheHubAndNoFurther() async throws {
        let servers = HubServers(hub)
        hub.configure { $0.token = "secret" }
        let refused = await storeError {
            let store = self.store(servers)
            _ = try await store.pull(store.reference("acme/tiny"))
        }
        #expect(refused?.code == .unauthorized)
        #expect(refused?.message.contains("HF_TOKEN") == true)

        let store = store(servers, environment: ["HF_TOKEN": " secret\n"])
        _ = try await store.pull(store.reference("acme/tiny"))
        let storage = hub.seen.filter(\.isStorage)
        #expect(!storage.isEmpty && storage.allSatisfy { $0.authorization == nil })
        #expect(hub.seen.contains { $0.authorization == "Bearer secret" })
    }

    @Test func aTokenIsReadFromItsFileUnlessForbidden() async throws {
        let servers = HubServers(hub)
        writeFile(Array("kept\n".utf8), to: workspace.home + "/.cache/huggingface/token")
        #expect(store(servers).hub.token == "kept")
        #expect(store(servers, environment: ["HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"]).hub.token == nil)
        writeFile(Array("other".utf8), to: workspace.folder + "/token")
        #expect(store(servers, environment: ["HF_TOKEN_PATH": workspace.folder + "/token"]).hub.token == "other")
    }

    @Test func theCacheIsWhereTheVariablesSay() {
        let servers = HubServers(hub)
        func cache(_ environment: [String: String]) -> String? { store(servers, environment: environment).hub.cache }
        #expect(cache([:]) == workspace.home + "/.cache/huggingface/hub")
        #expect(cache(["XDG_CACHE_HOME": "/x"]) == "/x/huggingface/hub")
        #expect(cache(["XDG_CACHE_HOME": "relative"]) == workspace.home + "/.cache/huggingface/hub")
        #expect(cache(["HF_HOME": "/h"]) == "/h/hub")
        #expect(cache(["HF_HOME": "/h", "HUGGINGFACE_HUB_CACHE": "/old"]) == "/old")
        #expect(cache(["HF_HOME": "/h", "HUGGINGFACE_HUB_CACHE": "/old", "HF_HUB_CACHE": "/new"]) == "/new")
    }

    @Test func aRevisionIsAModelOfItsOwn() async throws {
        let servers = HubServers(hub)
        let store = store(servers)
        let model = try await store.pull(store.reference("acme/tiny@\(FakeHub.commit)"))
        #expect(model.id == "acme/tiny@\(FakeHub.commit)")
        #expect(!exists(workspace.repositoryCache + "/refs"))
    }

    @Test func theCatalogueSaysWhatTheFilesMustBe() async throws {
        let servers = HubServers(hub)
        let source = ModelSource.hub(repository: FakeHub.repository, revision: FakeHub.commit)
        let store = workspace.store(
            endpoint: servers.endpoint, catalogue: Catalogue([TinyModel.entry(sources: [source])]))
        let model = try await store.pull(store.reference("tiny"))
        #expect(model.id == "tiny")
        #expect(!hub.seen.contains { $0.path.hasPrefix("/api/") })

        let other = FakeHub(files: TinyModel.repository.merging(["vocab.txt": Array("[pad]\n[unk]\n".utf8)]) { $1 })
        let otherServers = HubServers(other)
        let elsewhere = Workspace()
        let strict = elsewhere.store(endpoint: otherServers.endpoint, catalogue: store.catalogue)
        let error = await storeError { _ = try await strict.pull(strict.reference("tiny")) }
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains("vocab.txt") == true)
    }

    @Test func namesThatLeaveTheFolderAreRefused() async throws {
        for name in ["../../evil.json", "/etc/evil.json", "a/../../evil.json", "a//b.json"] {
            let hub = FakeHub()
            let servers = HubServers(hub)
            hub.configure { $0.extraNames = [name] }
            let store = store(servers)
            let error = await storeError { _ = try await store.pull(store.reference("acme/tiny")) }
            #expect(error?.code == .unsupported)
            #expect(hub.downloads(of: ".json").isEmpty)
        }
        let names = names(in: workspace.folder) + names(in: workspace.hubCache)
        #expect(!names.contains("evil.json"))
    }

    @Test func aRepositoryWithoutSafetensorsIsRefused() async throws {
        var files = TinyModel.repository
        files["model.safetensors"] = nil
        let hub = FakeHub(files: files)
        let servers = HubServers(hub)
        let store = store(servers)
        let error = await storeError { _ = try await store.pull(store.reference("acme/tiny")) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("pytorch_model.bin") == true)
    }

    @Test func shardsAreAllOrNothing() async throws {
        var files = TinyModel.repository
        files["model.safetensors"] = nil
        files["model.safetensors.index.json"] = Array("{}".utf8)
        files["model-00001-of-00002.safetensors"] = Array("one".utf8)
        let partial = FakeHub(files: files, large: [])
        let partialServers = HubServers(partial)
        let store = store(partialServers)
        let error = await storeError { _ = try await store.pull(store.reference("acme/tiny")) }
        #expect(error?.message.contains("shard 2 of 2") == true)

        files["model-00002-of-00002.safetensors"] = Array("two".utf8)
        let whole = FakeHub(files: files, large: [])
        let wholeServers = HubServers(whole)
        let wholeStore = self.store(wholeServers)
        let model = try await wholeStore.pull(wholeStore.reference("acme/tiny"))
        #expect(model.files.contains { $0.path == "model-00002-of-00002.safetensors" })
    }
}
