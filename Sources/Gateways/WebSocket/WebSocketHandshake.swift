// SPDX-License-Identifier: Apache-2.0
//
// How a connection turns from HTTP into a WebSocket (RFC 6455 §4.2).

import CPlatform
import JSON
import NIOHTTP1

enum WebSocketHandshake {
    static let path = "/ws"
    /// The subprotocol that the daemon agrees to.
    static let subprotocol = "hearth"
    /// Browsers cannot send a header: "token.…" beside the subprotocol stands for Authorization.
    private static let tokenPrefix = "token."

    /// The request with its token where every other one has it.
    static func withToken(_ request: HTTPRequest) -> HTTPRequest {
        guard request.headers["authorization"].isEmpty,
            let token = subprotocols(request).first(where: { $0.hasPrefix(tokenPrefix) })
        else { return request }
        var request = request
        request.headers.add(name: "authorization", value: "Bearer \(token.dropFirst(tokenPrefix.count))")
        return request
    }

    static func isWanted(_ request: HTTPRequest) -> Bool {
        request.path == path && request.method == .GET
            && request.headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
    }

    /// The headers of the answer 101.
    static func accept(_ request: HTTPRequest) throws(HTTPFailure) -> HTTPHeaders {
        guard request.headers[canonicalForm: "connection"].contains(where: { $0.lowercased() == "upgrade" }) else {
            throw .invalid("a WebSocket begins with Connection: Upgrade")
        }
        guard request.headers.first(name: "sec-websocket-version") == "13" else { throw upgradeRequired }
        guard let key = request.headers.first(name: "sec-websocket-key"), Base64.decode(key)?.count == 16 else {
            throw .invalid("Sec-WebSocket-Key must be 16 bytes in base64")
        }
        var headers: HTTPHeaders = [
            "upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": answer(to: key),
        ]
        if subprotocols(request).contains(subprotocol) {
            headers.add(name: "sec-websocket-protocol", value: subprotocol)
        }
        return headers
    }

    /// To those who ask for the path in another way.
    static var upgradeRequired: HTTPFailure {
        var failure = HTTPFailure(
            .upgradeRequired, "upgrade_required", "\(path) is a WebSocket of version 13 that speaks JSON-RPC")
        failure.headers = ["upgrade": "websocket", "sec-websocket-version": "13"]
        return failure
    }

    private static func subprotocols(_ request: HTTPRequest) -> [String] {
        request.headers[canonicalForm: "sec-websocket-protocol"].map { String($0) }
    }

    private static func answer(to key: String) -> String {
        let text = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        var hash = hearth_sha1()
        hearth_sha1_init(&hash)
        hearth_sha1_update(&hash, text, text.count)
        var digest = [UInt8](repeating: 0, count: 20)
        hearth_sha1_final(&hash, &digest)
        return digest.withUnsafeBytes { Base64.encode($0) }
    }
}
