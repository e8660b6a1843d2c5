// SPDX-License-Identifier: Apache-2.0
//
// Pulls a repository of a Hugging Face hub into the hub's own cache, every file
// verified before it gets its name.

import Threads

struct HubSource: Sendable {
    let repository: String
    let revision: String
    /// The files to fetch with their checksums, where they are known beforehand.
    let expected: [ModelFile]
    let client: HubClient
    let cache: HubCache
    let policy: PullPolicy
    /// Remembers a path that Hearth puts into the cache, before it does.
    let record: @Sendable (String) throws(ModelStoreError) -> Void
    let observer: PullObserver

    private var source: ModelSource { .hub(repository: repository, revision: revision) }
    private var name: String { source.description }

    /// Fetches what is not there yet, and links all of it into a snapshot.
    func pull(id: String) async throws(ModelStoreError) -> InstalledModel {
        guard !client.settings.isOffline else {
            throw ModelStoreError(.offline, "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set, so the hub is not asked")
        }
        observer(PullProgress(phase: .resolving, source: name))
        try Disk.makeFolder(cache.folder + "/blobs")

        let (commit, paths) = try await filesToPull()
        let remotes = try await remoteFiles(paths, at: commit)
        try checkAgainstExpected(remotes)
        let missing = remotes.filter { Disk.size(cache.blob($0.etag)) != $0.bytes }
        try policy.requireSpace(
            missing.reduce(0) { $0 + $1.bytes - min($1.bytes, Disk.size(cache.incomplete($1.etag)) ?? 0) },
            at: cache.folder)

        var files: [ModelFile] = []
        var done: Int64 = 0
        let total = remotes.reduce(0) { $0 + $1.bytes }
        for remote in remotes {
            let digest = try await blob(remote, before: done, total: total)
            done += remote.bytes
            files.append(ModelFile(path: remote.path, bytes: remote.bytes, sha256: digest.sha256))
        }

        observer(PullProgress(phase: .installing, source: name, completed: total, total: total))
        for remote in remotes { try link(remote.path, to: remote.etag, at: commit) }
        try writeReference(to: commit)
        return InstalledModel(
            id: id, origin: .store, source: source, revision: commit, folder: cache.snapshot(commit), files: files,
            pulledAt: Manifest.now())
    }

    // MARK: - What to fetch

    /// The commit, and the paths that make up the model.
    private func filesToPull() async throws(ModelStoreError) -> (commit: String, paths: [String]) {
        if !expected.isEmpty, ModelSource.isCommit(revision) { return (revision, expected.map(\.path)) }
        let listing = try await client.listing(of: repository, at: revision)
        if !expected.isEmpty { return (listing.commit, expected.map(\.path)) }
        var layout = ModelLayout()
        if listing.names.contains("modules.json") {
            let remote = try await client.file("modules.json", of: repository, at: listing.commit)
            guard remote.bytes <= 1 << 20 else {
                throw ModelStoreError(.unsupported, "modules.json of \(repository) is larger than a mebibyte")
            }
            _ = try await blob(remote, before: 0, total: nil)
            layout = try ModelLayout(modulesJSON: Disk.read(cache.blob(remote.etag)) ?? [], from: repository)
        }
        let missing = layout.missingFiles(of: listing.names)
        guard missing.isEmpty else {
            throw ModelStoreError(
                .unsupported,
                "\(repository) is no model that Hearth can use: it lacks \(missing.joined(separator: ", "))"
                    + ModelLayout.remark(on: listing.names))
        }
        return (listing.commit, layout.neededFiles(of: listing.names))
    }

    /// Asks for all files, a few at a time.
    private func remoteFiles(
        _ paths: [String], at commit: String
    ) async throws(ModelStoreError) -> [HubClient.RemoteFile] {
        typealias Answer = Result<HubClient.RemoteFile, ModelStoreError>
        let answers = await withTaskGroup(of: Answer.self) { group in
            var answers: [Answer] = []
            var asked = 0
            var hasFailed = false
            while true {
                // After a failure there is no point in asking on.
                while asked < paths.count, asked - answers.count < 4, !hasFailed {
                    let path = paths[asked]
                    group.addTask { await remoteFile(path, at: commit) }
                    asked += 1
                }
                guard let answer = await group.next() else { return answers }
                answers.append(answer)
                if case .failure = answer { hasFailed = true }
            }
        }
        var files: [HubClient.RemoteFile] = []
        for answer in answers { files.append(try answer.get()) }
        return files.sorted { $0.path < $1.path }
    }

    private func remoteFile(
        _ path: String, at commit: String
    ) async -> Result<HubClient.RemoteFile, ModelStoreError> {
        do throws(ModelStoreError) {
            return .success(try await client.file(path, of: repository, at: commit))
        } catch {
            return .failure(error)
        }
    }

    /// Refuses what cannot be the expected model before the first byte is fetched.
    private func checkAgainstExpected(_ remotes: [HubClient.RemoteFile]) throws(ModelStoreError) {
        for file in expected {
            guard let remote = remotes.first(where: { $0.path == file.path }) else { continue }
            let isOther = remote.etag.utf8.count == 64 && file.sha256 != nil && remote.etag != file.sha256
            guard remote.bytes == file.bytes, !isOther else {
                throw ModelStoreError(
                    .corrupt, "\(file.path) of \(repository) at the hub is not the file that the catalogue describes")
            }
        }
    }

    // MARK: - Fetching

    /// One file in `blobs`, verified; fetched if it is not there, or if what is there is not what its name says.
    private func blob(
        _ remote: HubClient.RemoteFile, before: Int64, total: Int64?
    ) async throws(ModelStoreError) -> FileDigest {
        let blob = cache.blob(remote.etag)
        let incomplete = cache.incomplete(remote.etag)
        return try await FileLock.holding(cache.lock(remote.etag)) { () async throws(ModelStoreError) in
            if Disk.size(blob) == remote.bytes {
                let digest = try await digest(blob, remote, before: before, total: total)
                if isRight(digest, remote) { return digest }
            }
            let wasResumed = (Disk.size(incomplete) ?? 0) > 0
            try record(incomplete)
            try await fetch(remote, before: before, total: total)
            var digest = try await digest(incomplete, remote, before: before, total: total)
            if !isRight(digest, remote), wasResumed {
                // The part that was there may have been another file's, or damaged.
                try Disk.removeFile(incomplete)
                try await fetch(remote, before: before, total: total)
                digest = try await self.digest(incomplete, remote, before: before, total: total)
            }
            guard isRight(digest, remote) else {
                try Disk.removeFile(incomplete)
                throw ModelStoreError(
                    .corrupt,
                    "\(remote.path) came damaged from '\(remote.address.authority)': its checksum is not "
                        + "\(remote.etag.prefix(12))…; it was thrown away, pull again")
            }
            try Disk.sync(incomplete)
            try record(blob)
            try Disk.move(incomplete, to: blob)
            return digest
        }
    }

    private func fetch(
        _ remote: HubClient.RemoteFile, before: Int64, total: Int64?
    ) async throws(ModelStoreError) {
        let (observer, name) = (observer, name)
        try await Download(curl: client.curl, policy: policy).fetch(
            remote.address, token: remote.token, to: cache.incomplete(remote.etag), bytes: remote.bytes
        ) { length in
            observer(
                PullProgress(
                    phase: .downloading, source: name, file: remote.path, completed: before + length, total: total))
        }
    }

    private func digest(
        _ path: String, _ remote: HubClient.RemoteFile, before: Int64, total: Int64?
    ) async throws(ModelStoreError) -> FileDigest {
        observer(
            PullProgress(phase: .verifying, source: name, file: remote.path, completed: before, total: total))
        return try await onOwnThread(named: "store") { () throws(ModelStoreError) in try FileDigest(path: path) }
    }

    private func isRight(_ digest: FileDigest, _ remote: HubClient.RemoteFile) -> Bool {
        let known = expected.first { $0.path == remote.path }?.sha256
        return digest.bytes == remote.bytes
            && remote.etag == (remote.etag.utf8.count == 64 ? digest.sha256 : digest.gitBlob)
            && (known == nil || known == digest.sha256)
    }

    // MARK: - Linking

    private func link(_ path: String, to etag: String, at commit: String) throws(ModelStoreError) {
        let link = cache.snapshot(commit) + "/" + path
        let up = String(repeating: "../", count: path.count { $0 == "/" } + 2)
        let target = "\(up)blobs/\(etag)"
        if Disk.linkTarget(link) == target { return }
        try Disk.makeFolder(Disk.parent(of: link))
        try record(link)
        try Disk.link(link, to: target)
    }

    /// A branch or tag is remembered with the commit it stands at; a commit needs no memory.
    private func writeReference(to commit: String) throws(ModelStoreError) {
        guard revision != commit, cache.commit(of: revision) != commit else { return }
        let path = cache.reference(revision)
        try Disk.makeFolder(Disk.parent(of: path))
        try record(path)
        try Disk.replace(path, with: Array(commit.utf8))
    }
}
