// SPDX-License-Identifier: Apache-2.0
//
// The page is there for everyone who may reach the daemon by its name, and for nobody else.

import Gateways
import NIOHTTP1
import Testing

struct PageTests {
    private let gateway = HTTPGateway(daemon: TestDaemon()) { AccessPolicy(port: 8420, token: "secret") }

    private func get(_ path: String, host: String = "localhost:8420") async -> HTTPResponse {
        await gateway.respond(to: HTTPRequest(.GET, path, headers: ["host": host]))
    }

    @Test(arguments: [
        ("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript"),
        ("/charts.js", "text/javascript"),
    ])
    func filesNeedNoToken(path: String, type: String) async {
        let response = await get(path)
        #expect(response.status == .ok)
        #expect(response.headers.first(name: "content-type")?.hasPrefix(type) == true)
        #expect(response.headers.first(name: "content-security-policy")?.contains("default-src 'none'") == true)
        guard case .bytes(let bytes) = response.body else {
            Issue.record("the page has a body")
            return
        }
        let text = String(decoding: bytes, as: UTF8.self)
        // Nothing is fetched from elsewhere.
        #expect(!text.contains("https://") && text.contains("SPDX"))
    }

    @Test func otherNamesAndOtherPathsAreRefused() async {
        #expect(await get("/", host: "evil.example:8420").status == .misdirectedRequest)
        #expect(await get("/v1/models").status == .unauthorized)
    }
}
