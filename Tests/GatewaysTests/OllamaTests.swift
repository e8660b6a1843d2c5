// SPDX-License-Identifier: Apache-2.0
//
// Ollama's API.

import JSON
import NIOHTTP1
import Synchronization
import Testing

@Suite struct OllamaTests {
    let client = Client()

    @Test func embed() async {
        let answer = await client.post(
            "/api/embed",
            [
                "model": "tiny-sentence:latest", "input": ["w1", "w2"], "truncate": true,
                "options": ["num_ctx": 512], "keep_alive": "5m",
            ])
        #expect(answer.status == 200, "\(answer.text)")
        let json = answer.json
        #expect(json["model"] == "tiny-sentence:latest" && json["embeddings"]?.array?.count == 2)
        #expect(abs(length(json["embeddings"]?.array?[0].floats ?? []) - 1) < 1e-5)
        #expect((json["total_duration"]?.integer ?? 0) > 0 && (json["prompt_eval_count"]?.integer ?? 0) > 0)
        #expect((json["load_duration"]?.integer ?? 0) > 0)
        let again = await client.post("/api/embed", ["model": "tiny-sentence", "input": "w1", "dimensions": 4])
        #expect(again.json["load_duration"] == 0 && again.json["embeddings"]?.array?[0].floats.count == 4)
    }

    @Test func nothingToEmbedLoadsTheModel() async {
        for input: JSONValue? in [nil, "", []] {
            var body: JSONObject = ["model": "tiny-sentence", "keep_alive": -1]
            body["input"] = input
            let answer = await client.post("/api/embed", .object(body))
            #expect(answer.status == 200 && answer.json["embeddings"] == [])
        }
        let running = await client.get("/api/ps").json["models"]?.array ?? []
        #expect(running.map { $0["model"] } == ["tiny-sentence:latest"])
        #expect(running[0]["expires_at"] == "9999-12-31T23:59:59Z" && running[0]["size_vram"] == 0)
        let gone = await client.post("/api/embed", ["model": "tiny-sentence", "keep_alive": 0])
        #expect(gone.json["embeddings"] == [])
        #expect(await client.get("/api/ps").json["models"] == [])
    }

    @Test(arguments: [("5m", 300.0), ("1h30m", 5400), ("300ms", 0.3), ("-1", -1), ("60", 60), ("-1m", -60)])
    func durations(text: String, seconds: Double) async {
        let answer = await client.post(
            "/api/embed", ["model": "tiny-sentence", "input": "w1", "keep_alive": .string(text)])
        #expect(answer.status == 200)
        guard let running = await client.get("/api/ps").json["models"]?.array?.first else {
            #expect(seconds < 1)
            return
        }
        #expect((running["expires_at"] == "9999-12-31T23:59:59Z") == (seconds < 0))
    }

    @Test(arguments: ["x", "5y", "", "1..5s", "nan"]) func wrongDurations(text: String) async {
        let answer = await client.post("/api/embed", ["input": "w1", "keep_alive": .string(text)])
        #expect(answer.status == 400 && answer.json["error"]?.string?.contains("keep_alive") == true)
    }

    @Test func theOlderWay() async {
        let answer = await client.post("/api/embeddings", ["model": "tiny-sentence", "prompt": "w1 w2"])
        #expect((answer.json["embedding"]?.floats.count ?? 0) > 4)
        let empty = await client.post("/api/embeddings", ["model": "tiny-sentence", "prompt": ""])
        #expect(empty.json["embedding"] == [])
    }

    @Test func whatThereIs() async {
        let tags = await client.get("/api/tags").json["models"]?.array ?? []
        #expect(tags.map { $0["name"]?.string } == TestDaemon.installed.map { $0 + ":latest" })
        #expect(tags[0]["modified_at"] == "2023-11-14T22:13:20Z" && tags[0]["size"] == 1000)
        #expect(tags[0]["details"]?["format"] == "safetensors")
        let show = await client.post("/api/show", ["model": "tiny-sentence:latest"])
        #expect(show.json["capabilities"] == ["embedding"] && show.json["details"]?.object != nil)
        #expect(await client.get("/api/version").json["version"] == "0.1.0")
    }

    @Test func whatThereIsNot() async {
        for (path, body) in [("/api/embed", ["input": "a"]), ("/api/show", [:]), ("/api/embeddings", ["prompt": "a"])]
            as [(String, JSONObject)]
        {
            var body = body
            body["model"] = "no"
            let answer = await client.post(path, .object(body))
            #expect(answer.status == 404 && answer.json["error"]?.string?.contains("no") == true, "\(answer.text)")
        }
        let delete = await client.send(.DELETE, "/api/delete", Array(#"{"model":"no"}"#.utf8))
        #expect(delete.status == 404)
        #expect(await client.post("/api/show", [:]).status == 400)
        #expect(await client.post("/api/embed", ["input": [1]]).status == 400)
    }

    @Test func aPullTellsHowFarItHasCome() async {
        let answer = await client.post("/api/pull", ["model": "org/name"])
        #expect(answer.status == 200 && answer.headers.first(name: "content-type") == "application/x-ndjson")
        let statuses = answer.lines.compactMap { $0["status"]?.string }
        #expect(statuses.first == "pulling manifest" && statuses.last == "success")
        let step = answer.lines.first { $0["total"] != nil }
        #expect(step?["completed"] == 10 && step?["total"] == 100 && step?["digest"] == "model.safetensors")
        #expect(client.daemon.state.withLock { $0.pulled } == ["org/name"])
        let silent = await client.post("/api/pull", ["name": "org/name", "stream": false])
        #expect(silent.json == ["status": "success"])
        let failed = await client.post("/api/pull", ["model": "nobody/nothing"])
        #expect(failed.lines.last?["error"]?.string?.contains("nothing") == true)
        let refused = await client.post("/api/pull", ["model": "nobody/nothing", "stream": false])
        #expect(refused.status == 404 && refused.json["error"]?.string != nil)
    }

    @Test func deleting() async {
        let answer = await client.send(.DELETE, "/api/delete", Array(#"{"model":"tiny-cross:latest"}"#.utf8))
        #expect(answer.status == 200 && client.daemon.state.withLock { $0.removed } == ["tiny-cross"])
    }
}
