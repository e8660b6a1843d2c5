// SPDX-License-Identifier: Apache-2.0
//
// What a pull does when it is not alone, has no network or no room, or is interrupted.

import ModelStore
import Synchronization
import TestSupport
import Testing

/// Pulls at the same time, without a network, without room, and interrupted ones.
struct PullLimitsTests {
    private let workspace = Workspace()
    private let hub = FakeHub()

    @Test(.timeLimit(.minutes(5))) func pullsAtTheSameTimeDownloadOnce() async throws {
        let servers = HubServers(hub)
        let gate = Gate()
        hub.configure { $0.atHalf["model.safetensors"] = { gate.wait() } }
        let store = workspace.store(endpoint: servers.endpoint)
        let reference = try store.reference("acme/tiny")
        async let first = store.pull(reference) { if $0.phase == .waiting { gate.open() } }
        async let second = store.pull(reference) { if $0.phase == .waiting { gate.open() } }
        let models = try await [first, second]
        #expect(models[0] == models[1])
        #expect(hub.downloads(of: "model.safetensors").count == 1)
    }

    @Test(.timeLimit(.minutes(5))) func aCancelledPullIsResumedLater() async throws {
        let servers = HubServers(hub)
        let gate = Gate()
        hub.configure { $0.atHalf["model.safetensors"] = { gate.wait() } }
        let store = workspace.store(endpoint: servers.endpoint)
        let reference = try store.reference("acme/tiny")
        let part = workspace.repositoryCache + "/blobs/" + hub.etag(of: "model.safetensors") + ".incomplete"
        let error = await withTaskGroup(of: ModelStoreError?.self) { group in
            let halfway = Mutex(false)
            group.addTask {
                await storeError {
                    _ = try await store.pull(reference) { progress in
                        if progress.phase == .downloading, progress.file == "model.safetensors" {
                            halfway.withLock { $0 = true }
                        }
                    }
                }
            }
            while !halfway.withLock({ $0 }) || readFile(part)?.isEmpty != false {
                try? await Task.sleep(for: .milliseconds(5))
            }
            group.cancelAll()
            return await group.next() ?? nil
        }
        gate.open()
        #expect(error?.code == .cancelled)
        #expect(store.list().isEmpty)
        let length = try #require(readFile(part)).count
        #expect(length > 0 && length < TinyModel.weights.count)

        hub.configure { $0.atHalf = [:] }
        _ = try await store.pull(reference)
        #expect(hub.downloads(of: "model.safetensors").last?.range == "bytes=\(length)-")
    }

    @Test(arguments: ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
    func offlineMeansThatNobodyIsAsked(variable: String) async throws {
        let servers = HubServers(hub)
        let store = workspace.store(endpoint: servers.endpoint, environment: [variable: "1"])
        let error = await storeError { _ = try await store.pull(store.reference("acme/tiny")) }
        #expect(error?.code == .offline)
        #expect(error?.message.contains(variable) == true)
        #expect(hub.seen.isEmpty)
    }

    @Test func noNetworkIsSaidPlainly() async throws {
        let store = workspace.store(endpoint: HTTPServer.goneOrigin)
        let error = await storeError { _ = try await store.pull(store.reference("acme/tiny")) }
        #expect(error?.code == .offline)
        #expect(error?.isTemporary == true)
        #expect(error?.message.contains("could not connect") == true)
        #expect(error?.message.contains("hub acme/tiny") == true)
    }

    @Test func withoutCurlThereIsAdvice() async throws {
        let store = workspace.store(environment: ["PATH": workspace.folder])
        let error = await storeError { _ = try await store.pull(store.reference("acme/tiny")) }
        #expect(error?.code == .toolMissing)
        #expect(error?.message.contains("install it") == true)
    }

    @Test func spaceIsLookedAtBeforeTheFirstByte() async throws {
        let servers = HubServers(hub)
        let store = workspace.store(endpoint: servers.endpoint) { $0.availableBytes = { _ in 200_000 } }
        let error = await storeError { _ = try await store.pull(store.reference("acme/tiny")) }
        #expect(error?.code == .noSpace)
        #expect(error?.message.contains("0.3 MB needed, 0.2 MB free") == true)
        #expect(hub.downloads(of: "model.safetensors").isEmpty)
    }

    /// curl in a shell that may write files of 64 KiB only: what a disk that fills up on the way looks like.
    @Test func aDiskThatFillsUpIsSaidPlainly() async throws {
        let servers = HubServers(hub)
        let bin = workspace.folder + "/bin"
        let search = variable("PATH") ?? "/usr/bin:/bin"
        let script = "#!/bin/sh\ntrap '' XFSZ\nulimit -f 128\nPATH='\(search)' exec curl \"$@\"\n"
        writeFile(Array(script.utf8), to: bin + "/curl")
        workspace.makeExecutable(bin + "/curl")
        let calls = Mutex(0)
        let store = workspace.store(endpoint: servers.endpoint, environment: ["PATH": "\(bin):\(search)"]) { policy in
            policy.availableBytes = { _ in
                calls.withLock {
                    $0 += 1
                    return $0 == 1 ? 1 << 30 : 0
                }
            }
        }
        let error = await storeError { _ = try await store.pull(store.reference("acme/tiny")) }
        #expect(error?.code == .noSpace)
        #expect(error?.message.contains("the disk is full") == true)
        #expect(store.list().isEmpty)
    }
}
