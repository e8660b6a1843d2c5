// SPDX-License-Identifier: Apache-2.0
//
// A Hugging Face hub with one small repository, and the storage on another port
// that it redirects to. Both can be told to misbehave.

import CPlatform
import ModelStore
import Synchronization

/// What the hub answers, and what it was asked.
final class FakeHub: Sendable {
    static let repository = "acme/tiny"
    static let commit = "0123456789abcdef0123456789abcdef01234567"

    struct Behaviour {
        /// A client without this token is refused by the hub.
        var token: String?
        var ignoresRange = false
        /// Closes the connection after so many bytes of a file's content, once per value.
        var cuts: [String: [Int]] = [:]
        /// Answers requests for a path with these statuses before it answers properly.
        var statuses: [String: [Int]] = [:]
        /// Sends other bytes than the checksum promises.
        var corrupts: Set<String> = []
        /// What the listing names in addition.
        var extraNames: [String] = []
        /// Called when half of a file's content is sent.
        var atHalf: [String: @Sendable () -> Void] = [:]
    }

    struct Seen: Sendable {
        let method: String
        let path: String
        let authorization: String?
        let range: String?
        let isStorage: Bool
    }

    /// Content by path; what is named in `large` is kept in the storage.
    let files: [String: [UInt8]]
    private let large: Set<String>
    private let behaviour = Mutex(Behaviour())
    private let log = Mutex<[Seen]>([])

    var seen: [Seen] { log.withLock { $0 } }

    init(files: [String: [UInt8]] = TinyModel.repository, large: Set<String> = ["model.safetensors"]) {
        self.files = files
        self.large = large
    }

    func configure(_ change: (inout Behaviour) -> Void) {
        behaviour.withLock { change(&$0) }
    }

    /// Requests for a file's content, wherever they went.
    func downloads(of path: String) -> [Seen] {
        seen.filter { $0.method == "GET" && $0.path.hasSuffix(path) }
    }

    /// SHA-256 for what is large, the git blob id for the rest.
    func etag(of path: String) -> String {
        let content = files[path] ?? []
        return large.contains(path) ? SHA256.hexDigest(of: content) : gitBlob(content)
    }

    // MARK: - Answers

    func respond(_ request: HTTPRequest, isStorage: Bool, storage: String) -> HTTPResponse {
        log.withLock {
            $0.append(
                Seen(
                    method: request.method, path: request.path, authorization: request.headers["authorization"],
                    range: request.headers["range"], isStorage: isStorage))
        }
        if let status = nextStatus(request.path) { return HTTPResponse(status: status) }
        if isStorage { return content(String(request.path.dropFirst("/storage/".count)), request) }
        if let token = behaviour.withLock({ $0.token }), request.headers["authorization"] != "Bearer \(token)" {
            return HTTPResponse(status: 401)
        }
        let listing = "/api/models/\(Self.repository)/revision/"
        let resolve = "/\(Self.repository)/resolve/\(Self.commit)/"
        if request.path == listing + "main" || request.path == listing + Self.commit { return self.listing() }
        guard request.path.hasPrefix(resolve) else { return HTTPResponse(status: 404) }
        let path = String(request.path.dropFirst(resolve.count))
        guard files[path] != nil else { return HTTPResponse(status: 404) }
        guard large.contains(path) else { return content(path, request) }
        return HTTPResponse(
            status: 302,
            headers: [
                "Location": "\(storage)/storage/\(path)", "X-Repo-Commit": Self.commit,
                "X-Linked-Etag": "\"\(etag(of: path))\"", "X-Linked-Size": "\(files[path]?.count ?? 0)",
            ])
    }

    private func listing() -> HTTPResponse {
        let names = files.keys.sorted() + behaviour.withLock { $0.extraNames }
        let siblings = names.map { "{\"rfilename\":\"\($0)\"}" }.joined(separator: ",")
        return HTTPResponse(body: Array("{\"sha\":\"\(Self.commit)\",\"siblings\":[\(siblings)]}".utf8))
    }

    private func content(_ path: String, _ request: HTTPRequest) -> HTTPResponse {
        guard var body = files[path] else { return HTTPResponse(status: 404) }
        let behaviour = behaviour.withLock { $0 }
        if behaviour.corrupts.contains(path) { body[body.count / 2] ^= 1 }
        var response = HTTPResponse(headers: ["ETag": "\"\(etag(of: path))\"", "X-Repo-Commit": Self.commit])
        guard request.method == "GET" else {
            response.headers["Content-Length"] = "\(body.count)"
            return response
        }
        if !behaviour.ignoresRange, let range = request.headers["range"], range.hasPrefix("bytes="),
            let start = Int(range.dropFirst(6).prefix { $0 != "-" }), start < body.count
        {
            response.status = 206
            response.headers["Content-Range"] = "bytes \(start)-\(body.count - 1)/\(body.count)"
            body = Array(body[start...])
        }
        response.body = body
        response.atHalf = behaviour.atHalf[path]
        response.cutAfter = self.behaviour.withLock { behaviour in
            guard let cut = behaviour.cuts[path]?.first else { return nil }
            behaviour.cuts[path]?.removeFirst()
            return cut
        }
        return response
    }

    private func nextStatus(_ path: String) -> Int? {
        behaviour.withLock { behaviour in
            for (suffix, statuses) in behaviour.statuses where path.hasSuffix(suffix) && !statuses.isEmpty {
                behaviour.statuses[suffix]?.removeFirst()
                return statuses[0]
            }
            return nil
        }
    }
}

/// The two servers of a fake hub.
final class HubServers: Sendable {
    private let storage: HTTPServer
    private let hub: HTTPServer

    var endpoint: String { hub.origin }

    init(_ fake: FakeHub) {
        let storage = HTTPServer { fake.respond($0, isStorage: true, storage: "") }
        let origin = storage.origin
        self.storage = storage
        hub = HTTPServer { fake.respond($0, isStorage: false, storage: origin) }
    }
}

func gitBlob(_ content: [UInt8]) -> String {
    var hash = hearth_sha1()
    hearth_sha1_init(&hash)
    let object = Array("blob \(content.count)\0".utf8) + content
    hearth_sha1_update(&hash, object, object.count)
    var digest = [UInt8](repeating: 0, count: 20)
    hearth_sha1_final(&hash, &digest)
    return hexadecimal(digest)
}

func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
