// SPDX-License-Identifier: Apache-2.0
//
// Verifying: every file of a model hashed anew and compared with what it should be.

import Threads

/// What a verification found.
public struct Verification: Sendable, Hashable {
    public struct Problem: Sendable, Hashable, CustomStringConvertible {
        public enum Kind: Sendable, Hashable {
            case missing
            /// Bytes there are and should be.
            case length(Int64, expected: Int64)
            /// Checksum it has and should have: SHA-256, or git's for a small file in the hub's cache.
            case content(String, expected: String)
        }

        /// Relative to the model's folder.
        public let path: String
        public let kind: Kind

        public var description: String {
            switch kind {
            case .missing: "\(path) is missing"
            case .length(let bytes, let expected): "\(path) has \(bytes) bytes instead of \(expected)"
            case .content(let digest, let expected):
                "\(path) has checksum \(digest.prefix(12))… instead of \(expected.prefix(12))…"
            }
        }
    }

    public let model: InstalledModel
    public let problems: [Problem]

    public var isIntact: Bool { problems.isEmpty }
}

extension ModelStore {
    /// Hashes each file of a model. Works without a network.
    public func verify(
        _ reference: ModelReference, observer: @escaping PullObserver = { _ in }
    ) async throws(ModelStoreError) -> Verification {
        // Not `resolve`, which refuses a model with missing files.
        let model: InstalledModel
        if let pulled = try Manifest.read(from: modelFolder(id(of: reference))) {
            model = pulled
        } else {
            model = try resolve(reference)
        }
        guard model.origin != .folder else {
            throw ModelStoreError(
                .unsupported,
                "'\(model.folder)' is used as it is; Hearth has no checksums to compare it with")
        }
        var problems: [Verification.Problem] = []
        var done: Int64 = 0
        for file in model.files {
            let start = done
            let (source, total) = (model.source.description, model.bytes)
            let kind = try await onOwnThread(named: "store") { () throws(ModelStoreError) in
                try Self.problem(file, in: model.folder) { bytes in
                    observer(
                        PullProgress(
                            phase: .verifying, source: source, file: file.path, completed: start + bytes, total: total))
                }
            }
            if let kind { problems.append(Verification.Problem(path: file.path, kind: kind)) }
            done += file.bytes
        }
        return Verification(model: model, problems: problems)
    }

    private static func problem(
        _ file: ModelFile, in folder: String, progress: (Int64) -> Void
    ) throws(ModelStoreError) -> Verification.Problem.Kind? {
        let path = folder + "/" + file.path
        guard let bytes = Disk.size(path) else { return .missing }
        guard bytes == file.bytes else { return .length(bytes, expected: file.bytes) }
        // In the hub's cache the name of a blob is its checksum, be it SHA-256 or git's.
        guard let expected = file.sha256 ?? HubCache.etag(of: path) else { return nil }
        let digest = try FileDigest(path: path, progress: progress)
        let actual = expected.utf8.count == 64 ? digest.sha256 : digest.gitBlob
        return actual == expected ? nil : .content(actual, expected: expected)
    }
}
