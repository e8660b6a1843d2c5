// SPDX-License-Identifier: Apache-2.0
//
// Who may ask, and what is said to those who may not.

import Gateways
import JSON
import NIOHTTP1
import Synchronization
import Testing

@Suite struct AccessTests {
    private func status(_ policy: AccessPolicy, _ headers: HTTPHeaders, _ method: HTTPMethod = .GET) async
        -> Client.Answer
    {
        var client = Client()
        client.policy = policy
        client.headers = headers
        return await client.send(method, "/v1/models")
    }

    @Test(arguments: [
        ("localhost:8420", 200), ("LOCALHOST:8420", 200), ("127.0.0.1:8420", 200), ("[::1]:8420", 200),
        ("localhost", 421), ("localhost:80", 421), ("evil.example", 421), ("evil.example:8420", 421),
        ("localhost.evil.example:8420", 421), ("", 421), ("[::1]", 421), ("localhost:", 421), ("localhost:8420x", 421),
    ])
    func theHostMustBeTheDaemons(host: String, expected: Int) async {
        let answer = await status(AccessPolicy(port: 8420), ["host": host])
        #expect(answer.status == expected, "\(answer.text)")
        if expected == 421 { #expect(answer.json["error"]?["message"]?.string != nil) }
    }

    @Test func otherHostsWhereAllowed() async {
        let policy = AccessPolicy(port: 8420, hosts: ["Box.example", "other:9000"])
        #expect(await status(policy, ["host": "box.example:1234"]).status == 200)
        #expect(await status(policy, ["host": "other:9000"]).status == 200)
        #expect(await status(policy, ["host": "other:8420"]).status == 421)
    }

    @Test func oneHostAndNoMore() async {
        #expect(await status(AccessPolicy(), [:]).status == 400)
        #expect(await status(AccessPolicy(), ["host": "localhost", "Host": "localhost"]).status == 400)
    }

    @Test func pagesOfOtherOrigins() async {
        let policy = AccessPolicy(port: 8420, origins: ["https://app.example"])
        let allowed = await status(policy, ["host": "localhost:8420", "origin": "https://app.example"])
        #expect(allowed.status == 200)
        #expect(allowed.headers.first(name: "access-control-allow-origin") == "https://app.example")
        #expect(allowed.headers["vary"].contains("Origin"))
        for origin in ["https://evil.example", "null", "http://app.example", "https://app.example.evil.example"] {
            let answer = await status(policy, ["host": "localhost:8420", "origin": origin])
            #expect(answer.status == 403 && !answer.headers.contains(name: "access-control-allow-origin"))
        }
        let own = await status(policy, ["host": "localhost:8420", "origin": "http://localhost:8420"])
        #expect(own.status == 200)
    }

    /// Where TLS is spoken, the port that need not be named is another one, and so are the daemon's own pages.
    @Test func withTLS() async {
        let usual = AccessPolicy(port: 443, isEncrypted: true)
        #expect(await status(usual, ["host": "localhost"]).status == 200)
        #expect(await status(usual, ["host": "localhost:80"]).status == 421)
        #expect(await status(AccessPolicy(port: 80, isEncrypted: true), ["host": "localhost"]).status == 421)
        let policy = AccessPolicy(port: 8420, isEncrypted: true)
        let host = "localhost:8420"
        #expect(await status(policy, ["host": host, "origin": "https://\(host)"]).status == 200)
        #expect(await status(policy, ["host": host, "origin": "http://\(host)"]).status == 403)
        #expect(await status(policy, ["host": "evil.example", "origin": "https://evil.example"]).status == 421)
    }

    @Test func preflights() async {
        let policy = AccessPolicy(port: 8420, origins: ["https://app.example"], token: "secret")
        var client = Client()
        client.policy = policy
        client.headers = [
            "host": "localhost:8420", "origin": "https://app.example", "access-control-request-method": "POST",
            "access-control-request-headers": "authorization, content-type",
        ]
        let answer = await client.send(.OPTIONS, "/v1/embeddings")
        #expect(answer.status == 204 && answer.body.isEmpty)
        #expect(answer.headers.first(name: "access-control-allow-methods") == "POST, OPTIONS")
        #expect(answer.headers.first(name: "access-control-allow-headers") == "authorization, content-type")
        #expect(answer.headers.first(name: "access-control-allow-origin") == "https://app.example")
        client.headers.replaceOrAdd(name: "origin", value: "https://evil.example")
        let refused = await client.send(.OPTIONS, "/v1/embeddings")
        #expect(refused.status == 403 && !refused.headers.contains(name: "access-control-allow-methods"))
        client.headers = ["host": "localhost:8420"]
        let plain = await client.send(.OPTIONS, "/v1/models")
        #expect(plain.status == 204 && plain.headers.first(name: "allow") == "GET, HEAD, OPTIONS")
        #expect(await client.send(.OPTIONS, "*").status == 204)
    }

    @Test(
        arguments: [
            (nil, 401), ("Bearer secret", 200), ("bearer  secret", 200), ("Bearer secre", 401), ("Bearer secrets", 401),
            ("Bearer secretsecret", 401), ("Bearer ", 401), ("Basic secret", 401), ("secret", 401),
        ] as [(String?, Int)])
    func theToken(header: String?, expected: Int) async {
        var headers: HTTPHeaders = ["host": "localhost"]
        if let header { headers.add(name: "authorization", value: header) }
        let answer = await status(AccessPolicy(token: "secret"), headers)
        #expect(answer.status == expected)
        if expected == 401 {
            #expect(answer.headers.first(name: "www-authenticate")?.hasPrefix("Bearer") == true)
            #expect(answer.json["error"]?["code"] == "invalid_api_key" && !answer.text.contains("secret"))
        }
    }

    @Test func aSocketOfOnesOwnNeedsNeither() async {
        let gateway = HTTPGateway(daemon: TestDaemon()) { AccessPolicy(token: "secret") }
        let request = HTTPRequest(.GET, "/v1/models", headers: ["host": "anything"], isLocal: true)
        #expect(await gateway.respond(to: request).status == .ok)
    }
}

@Suite struct RoutingTests {
    let client = Client()

    @Test func pathsThatLeadNowhere() async {
        let near = await client.get("/v1/embedding")
        #expect(near.status == 404 && near.text.contains("/v1/embeddings"))
        #expect(await client.get("/api/tag").json["error"]?.string?.contains("/api/tags") == true)
        #expect(await client.get("/v2/embeds").json["message"]?.string != nil)
        #expect(await client.get("/nowhere").status == 404)
        #expect(await client.get("/%ff").status == 400)
        #expect(await client.get("/%2").status == 400)
        let long = await client.get("/" + String(repeating: "x", count: 20_000))
        #expect(long.status == 404 && long.body.count < 400)
    }

    @Test func methodsThatAreNotForAPath() async {
        let answer = await client.get("/v1/embeddings")
        #expect(answer.status == 405 && answer.headers.first(name: "allow") == "POST, OPTIONS")
        #expect(await client.send(.HEAD, "/v1/models").status == 200)
        #expect(await client.send(.RAW(value: "BREW"), "/v1/models").status == 405)
        #expect(await client.get("/v1/models?limit=5").status == 200)
        #expect(await client.get("http://localhost/v1/models").status == 200)
    }

    @Test func compressedBodiesAreRefused() async {
        let answer = await client.post("/v1/embeddings", ["input": "a"], headers: ["content-encoding": "gzip"])
        #expect(answer.status == 415)
        let identity = await client.post("/v1/embeddings", ["input": "a"], headers: ["content-encoding": "identity"])
        #expect(identity.status == 200)
    }

    @Test func workIsCountedAndRemembered() async throws {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        _ = await client.post(
            "/v1/embeddings", ["input": "a"], headers: ["traceparent": trace, "user-agent": "OpenAI/Python 1.0"])
        _ = await client.post("/v1/embeddings", ["input": 1], headers: ["traceparent": "00-zz-1-01"])
        _ = await client.get("/v1/models")
        let counts = client.daemon.state.withLock { $0 }
        #expect(counts.begun == 2 && counts.ended == 2 && counts.failed == 1)
        let history = client.daemon.history.last(10)
        #expect(history.count == 2)
        #expect(history[0]["method"] == "POST /v1/embeddings" && history[0]["client"] == "OpenAI")
        #expect(history[0]["traceparent"]?.string == trace && history[0]["model"] == "tiny-sentence")
        #expect(history[0]["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(history[1]["traceparent"] == nil && history[1]["error"]?.string != nil)
    }

    @Test func aDaemonThatStopsRefusesWork() async {
        client.daemon.shutDown(force: false)
        let answer = await client.post("/v1/embeddings", ["input": "a"])
        #expect(answer.status == 503 && answer.headers.first(name: "retry-after") == "1")
        #expect(answer.headers.first(name: "connection") == "close")
        #expect(await client.get("/v1/models").status == 200)
    }
}
