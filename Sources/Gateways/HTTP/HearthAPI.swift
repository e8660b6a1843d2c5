// SPDX-License-Identifier: Apache-2.0
//
// What belongs to no foreign API: the description of them all.

import JSON
import NIOHTTP1
import WireProtocol

enum HearthAPI {
    static let routes = [
        Route(.GET, "/openapi.json", .hearth, description),
        // What begins as a WebSocket's handshake does not come this far.
        Route(.GET, WebSocketHandshake.path, .hearth) { _ in throw WebSocketHandshake.upgradeRequired },
    ]

    static func description(_ call: HTTPCall) async throws -> HTTPResponse {
        HTTPResponse(json: OpenAPI.document(version: call.daemon.hello.version))
    }

    static func response(for failure: HTTPFailure) -> HTTPResponse {
        failure.response(["error": .string(failure.message), "kind": .string(failure.kind)])
    }
}
