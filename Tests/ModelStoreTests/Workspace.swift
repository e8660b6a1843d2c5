// SPDX-License-Identifier: Apache-2.0
//
// A fresh folder for one test with a store in it, removed with the test.

import ModelStore
import Synchronization
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class Workspace: Sendable {
    private let temporary = TemporaryFolder()

    var folder: String { temporary.path }
    var home: String { folder + "/home" }
    var hubCache: String { home + "/.cache/huggingface/hub" }
    /// Of the repository that the fake hub has.
    var repositoryCache: String { hubCache + "/models--acme--tiny" }
    var snapshot: String { repositoryCache + "/snapshots/" + FakeHub.commit }
    var models: String { folder + "/data/models" }

    /// A store that sees nothing of this machine's home, and is quick to give up.
    func store(
        endpoint: String = "http://127.0.0.1:9", environment: [String: String] = [:],
        catalogue: Catalogue = Catalogue([]), configure: (inout PullPolicy) -> Void = { _ in }
    ) -> ModelStore {
        var variables = [
            "PATH": variable("PATH") ?? "/usr/bin:/bin", "HOME": home, "HF_ENDPOINT": endpoint, "NO_PROXY": "127.0.0.1",
        ]
        variables.merge(environment, uniquingKeysWith: { $1 })
        var policy = PullPolicy()
        policy.attempts = 3
        policy.backoff = .zero
        configure(&policy)
        return ModelStore(directory: folder + "/data", environment: variables, catalogue: catalogue, policy: policy)
    }

    // MARK: - Files

    func makeExecutable(_ path: String) { chmod(path, 0o755) }

    func link(_ path: String, to target: String) {
        makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
        #expect(symlink(target, path) == 0)
    }

    /// Puts a repository into the Hugging Face cache, as a Python program would have.
    func fillHubCache(_ files: [String: [UInt8]], large: Set<String> = ["model.safetensors"]) {
        for (path, content) in files {
            let etag = large.contains(path) ? SHA256.hexDigest(of: content) : gitBlob(content)
            writeFile(content, to: "\(repositoryCache)/blobs/\(etag)")
            let up = String(repeating: "../", count: path.split(separator: "/").count + 1)
            link("\(snapshot)/\(path)", to: "\(up)blobs/\(etag)")
        }
        writeFile(FakeHub.commit, to: repositoryCache + "/refs/main")
    }
}

/// Collects what a pull reports.
final class ProgressLog: Sendable {
    private let log = Mutex<[PullProgress]>([])

    var all: [PullProgress] { log.withLock { $0 } }
    var phases: Set<PullProgress.Phase> { Set(all.map(\.phase)) }
    func record(_ progress: PullProgress) { log.withLock { $0.append(progress) } }
}

/// Something that one thread waits for and another brings about.
final class Gate: Sendable {
    private let isOpen = Mutex(false)

    func open() { isOpen.withLock { $0 = true } }

    /// Holds the thread until the gate opens, a minute at most.
    func wait() {
        for _ in 0..<12000 where !isOpen.withLock({ $0 }) { usleep(5000) }
    }
}

/// The store's error of an operation that must fail.
func storeError(_ body: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) async
    -> ModelStoreError?
{
    do {
        try await body()
        Issue.record("no error was thrown", sourceLocation: sourceLocation)
        return nil
    } catch let error as ModelStoreError {
        return error
    } catch {
        Issue.record("unexpected error \(error)", sourceLocation: sourceLocation)
        return nil
    }
}
