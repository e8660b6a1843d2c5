// SPDX-License-Identifier: Apache-2.0
//
// A fresh folder for one test with a store in it, removed with the test.

import ModelStore
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class Workspace: Sendable {
    let folder: String

    init() {
        var template = Array("/tmp/hearth-store-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "no temporary folder")
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { remove(folder) }

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

    func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    func write(_ bytes: [UInt8], to path: String) {
        makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
        guard let file = fopen(path, "w") else {
            Issue.record("cannot write \(path)")
            return
        }
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        fclose(file)
    }

    func makeFolder(_ path: String) {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/" + part
            mkdir(made, 0o700)
        }
    }

    func makeExecutable(_ path: String) { chmod(path, 0o755) }

    func link(_ path: String, to target: String) {
        makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
        #expect(symlink(target, path) == 0)
    }

    func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    func names(_ folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    func remove(_ path: String) {
        if unlink(path) == 0 || errno == ENOENT { return }
        for name in names(path) { remove(path + "/" + name) }
        rmdir(path)
    }

    /// Puts a repository into the Hugging Face cache, as a Python program would have.
    func fillHubCache(_ files: [String: [UInt8]], large: Set<String> = ["model.safetensors"]) {
        for (path, content) in files {
            let etag = large.contains(path) ? SHA256.hexDigest(of: content) : gitBlob(content)
            write(content, to: "\(repositoryCache)/blobs/\(etag)")
            let up = String(repeating: "../", count: path.split(separator: "/").count + 1)
            link("\(snapshot)/\(path)", to: "\(up)blobs/\(etag)")
        }
        write(Array(FakeHub.commit.utf8), to: repositoryCache + "/refs/main")
    }
}

func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
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
