// SPDX-License-Identifier: Apache-2.0
//
// One file over the network, until it is whole: goes on where it broke off,
// begins anew where the server cannot, tries again after a pause.

struct Download: Sendable {
    let curl: Curl
    let policy: PullPolicy

    /// A try that brought at least this much further does not count as one.
    private static let worthwhile: Int64 = 1 << 20

    /// Fills `path` up to `bytes`. On failure what came so far stays there for the next time.
    ///
    /// - Parameter progress: takes the file's length, several times a second.
    func fetch(
        _ address: WebAddress, token: String?, to path: String, bytes: Int64,
        progress: @escaping @Sendable (Int64) -> Void
    ) async throws(ModelStoreError) {
        if bytes == 0 { return try Disk.replace(path, with: []) }
        var attempt = 1
        var furthest: Int64 = 0
        while true {
            var offset = Disk.size(path) ?? 0
            if offset > bytes {
                try Disk.removeFile(path)
                offset = 0
            }
            if offset == bytes { return progress(bytes) }
            if offset >= furthest + Self.worthwhile { attempt = 1 }
            furthest = max(furthest, offset)

            let failure = await transfer(
                address, token: token, to: path, from: offset, bytes: bytes, progress: progress)
            let length = Disk.size(path) ?? 0
            switch failure?.reason {
            case nil where length == bytes: return progress(bytes)
            case .rangeIgnored where offset > 0:
                try Disk.removeFile(path)
                continue
            case .writeFailed:
                throw writeError(path, missing: bytes - length, failure)
            default: break
            }
            let problem =
                failure
                ?? TransferFailure(.interrupted, "\(length) of \(bytes) bytes came from '\(address.authority)'")
            guard problem.isTransient, attempt < policy.attempts else { throw problem.asStoreError }
            do {
                try await Task.sleep(for: policy.backoff * (1 << (attempt - 1)))
            } catch {
                throw .cancelled
            }
            attempt += 1
        }
    }

    /// One run of curl, watched: nil where it went well.
    private func transfer(
        _ address: WebAddress, token: String?, to path: String, from offset: Int64, bytes: Int64,
        progress: @escaping @Sendable (Int64) -> Void
    ) async -> TransferFailure? {
        do throws(TransferFailure) {
            try await GrowthWatch.run {
                Disk.size(path) ?? 0
            } check: { length in
                progress(min(length, bytes))
                guard length > bytes else { return nil }
                return TransferFailure(.tooLarge, "'\(address.authority)' sends more than it announced")
            } body: { () async throws(TransferFailure) in
                try await curl.download(address, token: token, to: path, from: offset, bytes: bytes)
            }
            return nil
        } catch {
            return error
        }
    }

    private func writeError(_ path: String, missing: Int64, _ failure: TransferFailure?) -> ModelStoreError {
        let folder = Disk.parent(of: path)
        if let free = policy.availableBytes(folder), free < missing {
            return ModelStoreError(
                .noSpace,
                "the disk is full: '\(folder)' needs \(PullPolicy.megabytes(missing)) more, "
                    + "\(PullPolicy.megabytes(free)) are free; what was downloaded is kept")
        }
        return ModelStoreError(.fileSystem, "\(failure?.message ?? "could not write") ('\(path)')")
    }
}
