// SPDX-License-Identifier: Apache-2.0
//
// Questions to a Hugging Face hub: which files a repository has, and where and
// what each of them is. Its answers are not trusted.

import JSON

struct HubClient: Sendable {
    /// What a repository is at one commit.
    struct Listing {
        let commit: String
        let names: [String]
    }

    /// One file of a repository.
    struct RemoteFile {
        let path: String
        /// SHA-256 of the content, or its git blob id.
        let etag: String
        let bytes: Int64
        let address: WebAddress
        /// Only where the address is the hub's own.
        let token: String?
    }

    let settings: HubSettings
    let curl: Curl
    let policy: PullPolicy

    /// `GET /api/models/{repository}/revision/{revision}`.
    func listing(of repository: String, at revision: String) async throws(ModelStoreError) -> Listing {
        let revisionPart = WebAddress.encode(revision, keepingSlashes: false)
        var address = try hubAddress("/api/models/\(repository)/revision/\(revisionPart)")
        var token = settings.token
        for _ in 0..<8 {
            let response = try await request(address, token: token, wantsBody: true, repository)
            if let next = try redirect(response, from: address) {
                if next.origin != address.origin { token = nil }
                address = next
                continue
            }
            try check(response, address, repository: repository, file: nil)
            return try Self.listing(response.body, repository)
        }
        throw tooManyRedirects(address)
    }

    /// `HEAD /{repository}/resolve/{commit}/{path}`: length, checksum, and where the content is.
    ///
    /// The hub answers with headers of its own and a redirect to where it keeps large files. The token goes to the
    /// hub only.
    func file(_ path: String, of repository: String, at commit: String) async throws(ModelStoreError) -> RemoteFile {
        let revision = WebAddress.encode(commit, keepingSlashes: false)
        let name = WebAddress.encode(path, keepingSlashes: true)
        var address = try hubAddress("/\(repository)/resolve/\(revision)/\(name)")
        var token = settings.token
        var linkedTag: String?
        var linkedSize: String?
        for _ in 0..<8 {
            let response = try await request(address, token: token, wantsBody: false, repository)
            linkedTag = linkedTag ?? response["x-linked-etag"]
            linkedSize = linkedSize ?? response["x-linked-size"]
            if let next = try redirect(response, from: address) {
                let staysHere = next.origin == address.origin
                if !staysHere { token = nil }
                address = next
                // Storage that is asked with a signed address may answer nothing but the GET it was signed for.
                if !staysHere, let linkedTag, let linkedSize {
                    return try remoteFile(path, linkedTag, linkedSize, address, nil)
                }
                continue
            }
            try check(response, address, repository: repository, file: path)
            return try remoteFile(
                path, linkedTag ?? response["etag"], linkedSize ?? response["content-length"], address, token)
        }
        throw tooManyRedirects(address)
    }

    // MARK: - Parts

    private func hubAddress(_ path: String) throws(ModelStoreError) -> WebAddress {
        guard let address = WebAddress(settings.endpoint + path) else {
            throw ModelStoreError(
                .unsupported, "HF_ENDPOINT '\(settings.endpoint)' is no http or https address; correct or unset it")
        }
        return address
    }

    /// One request, tried again after failures that pass.
    private func request(
        _ address: WebAddress, token: String?, wantsBody: Bool, _ repository: String
    ) async throws(ModelStoreError) -> Curl.Response {
        var attempt = 1
        while true {
            let failure: TransferFailure
            do throws(TransferFailure) {
                let response = try await curl.request(address, token: token, wantsBody: wantsBody)
                failure = .status(response.status, address)
                if !failure.isTransient { return response }
            } catch {
                failure = error
            }
            guard failure.isTransient, attempt < policy.attempts else { throw failure.asStoreError }
            do {
                try await Task.sleep(for: policy.backoff * (1 << (attempt - 1)))
            } catch {
                throw .cancelled
            }
            attempt += 1
        }
    }

    private func redirect(
        _ response: Curl.Response, from address: WebAddress
    ) throws(ModelStoreError) -> WebAddress? {
        guard [301, 302, 303, 307, 308].contains(response.status) else { return nil }
        guard let location = response["location"], let next = address.following(location) else {
            throw ModelStoreError(.unavailable, "\(address.authority) redirects to nowhere that can be followed")
        }
        return next
    }

    private func check(
        _ response: Curl.Response, _ address: WebAddress, repository: String, file: String?
    ) throws(ModelStoreError) {
        let what = file.map { "\(repository)/\($0)" } ?? repository
        switch response.status {
        case 200: return
        case 401:
            let advice =
                settings.token == nil
                ? "there is no such public repository, or it wants a token: check the name, or set HF_TOKEN"
                : "the token was refused, or there is no such repository: check HF_TOKEN and the name"
            throw ModelStoreError(.unauthorized, "\(address.authority) does not give \(what) (401): \(advice)")
        case 403:
            throw ModelStoreError(
                .unauthorized,
                "\(address.authority) does not give \(what) (403): accept its terms at "
                    + "\(settings.endpoint)/\(repository) and set HF_TOKEN to a token of that account")
        case 404:
            throw ModelStoreError(
                .notFound, "\(address.authority) has no \(what) at that revision (404): check the name")
        default: throw TransferFailure.status(response.status, address).asStoreError
        }
    }

    private func remoteFile(
        _ path: String, _ tag: String?, _ length: String?, _ address: WebAddress, _ token: String?
    ) throws(ModelStoreError) -> RemoteFile {
        var etag = tag ?? ""
        if etag.hasPrefix("W/") { etag.removeFirst(2) }
        etag = etag.filter { $0 != "\"" }.lowercased()
        guard HubCache.isChecksum(etag) else {
            throw ModelStoreError(
                .unsupported,
                "\(address.authority) gives no checksum for \(path), so that it could not be verified "
                    + "(ETag '\(etag.prefix(80))')")
        }
        guard let bytes = length.flatMap({ Int64($0) }), bytes >= 0 else {
            throw ModelStoreError(.unsupported, "\(address.authority) does not say how long \(path) is")
        }
        return RemoteFile(path: path, etag: etag, bytes: bytes, address: address, token: token)
    }

    private static func listing(_ body: [UInt8], _ repository: String) throws(ModelStoreError) -> Listing {
        let document: JSONValue
        do {
            document = try JSONValue(parsing: body)
        } catch {
            throw ModelStoreError(.unavailable, "the hub's answer about \(repository) is not valid JSON: \(error)")
        }
        guard let commit = document["sha"]?.string, ModelSource.isCommit(commit),
            let siblings = document["siblings"]?.array
        else {
            throw ModelStoreError(.unavailable, "the hub's answer about \(repository) has no commit or no files")
        }
        var names: [String] = []
        for sibling in siblings {
            guard let name = sibling["rfilename"]?.string else { continue }
            names.append(try SafePath.check(name, from: "the hub's listing of \(repository)"))
        }
        return Listing(commit: commit, names: names)
    }

    private func tooManyRedirects(_ address: WebAddress) -> ModelStoreError {
        ModelStoreError(.unavailable, "too many redirects, the last one to '\(address.authority)'")
    }
}
