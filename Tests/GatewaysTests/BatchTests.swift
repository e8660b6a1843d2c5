// SPDX-License-Identifier: Apache-2.0
//
// OpenAI's files and batches, in the shapes that its SDKs send and read. The
// worker is one that answers with what it was asked.

import Gateways
import JSON
import Jobs
import NIOHTTP1
import TestSupport
import Testing
import WireProtocol

@Suite(.timeLimit(.minutes(5))) struct BatchTests {
    private let requests = (0..<3).map { index in
        #"{"custom_id":"r\#(index)","method":"POST","url":"/v1/embeddings","body":{"input":"w1"}}"# + "\n"
    }.joined()

    /// A client of a daemon with jobs.
    private func withClient(_ body: (Client) async throws -> Void) async throws {
        let folder = TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let host = builtProgram("JobsHost")
        let engine = try JobEngine(
            JobEngineSettings(
                folder: folder.path, supervisor: [host, StepSupervisor.verb], command: host,
                batchWorker: [host, "answer-batch"], grace: .milliseconds(300)))
        let running = Task { await engine.batches.run() }
        do {
            try await body(Client(TestDaemon(engine: engine)))
        } catch {
            Issue.record(error)
        }
        await engine.shutdown(within: .zero)
        await running.value
    }

    private func form(_ text: String, purpose: String = "batch", name: String = "in.jsonl") -> [UInt8] {
        let text = """
            --b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n\(purpose)\r\n\
            --b\r\nContent-Disposition: form-data; name="file"; filename="\(name)"\r\n\
            Content-Type: application/octet-stream\r\n\r\n\(text)\r\n--b--\r\n
            """
        return Array(text.utf8)
    }

    private static let isForm: HTTPHeaders = ["content-type": "multipart/form-data; boundary=b"]

    private func upload(_ text: String, _ client: Client) async -> Client.Answer {
        await client.send(.POST, "/v1/files", form(text), headers: Self.isForm)
    }

    private func create(_ file: String, _ client: Client, _ more: JSONObject = [:]) async -> Client.Answer {
        var body: JSONObject = [
            "input_file_id": .string(file), "endpoint": "/v1/embeddings", "completion_window": "24h",
        ]
        for member in more.members { body[member.key] = member.value }
        return await client.post("/v1/batches", .object(body))
    }

    private func end(_ id: String, _ client: Client) async throws -> JSONValue {
        while true {
            let batch = await client.get("/v1/batches/\(id)").json
            let status = batch["status"]?.string ?? ""
            if !["validating", "in_progress", "finalizing", "cancelling"].contains(status) { return batch }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test func aFileAndBack() async throws {
        try await withClient { client in
            let answer = await upload("hello\r\n--\r\n", client)
            #expect(answer.status == 200, "\(answer.text)")
            let file = answer.json
            #expect(file["object"] == "file" && file["bytes"] == 11 && file["purpose"] == "batch")
            #expect(file["filename"] == "in.jsonl" && file["status"] == "processed")
            let created = try #require(file["created_at"]?.integer)
            #expect(file["expires_at"]?.integer == created + 30 * 86_400)
            let id = try #require(file["id"]?.string)
            #expect(await client.get("/v1/files/\(id)").json == file)
            let content = await client.get("/v1/files/\(id)/content")
            #expect(content.text == "hello\r\n--\r\n" && content.headers.first(name: "content-length") == "11")
            let list = await client.get("/v1/files").json
            #expect(list["object"] == "list" && list["data"] == [file] && list["has_more"] == false)
            let deleted = await client.send(.DELETE, "/v1/files/\(id)").json
            #expect(deleted == ["id": .string(id), "object": "file", "deleted": true])
            let none = await client.get("/v1/files/\(id)")
            #expect(none.status == 404 && none.json["error"]?["code"] == "not_found")
        }
    }

    @Test func listsComeInPages() async throws {
        try await withClient { client in
            var ids: [String] = []
            for text in ["a", "b", "c"] { ids.append(try #require(await upload(text, client).json["id"]?.string)) }
            let all = await client.get("/v1/files").json["data"]?.array?.compactMap { $0["id"]?.string } ?? []
            #expect(Set(all) == Set(ids))
            let first = await client.get("/v1/files?limit=2").json
            #expect(first["has_more"] == true && first["last_id"]?.string == all[1])
            let rest = await client.get("/v1/files?limit=2&after=\(all[1])").json
            #expect(rest["has_more"] == false && rest["data"]?.array?.compactMap { $0["id"]?.string } == [all[2]])
            let ascending = await client.get("/v1/files?order=asc").json["data"]?.array?.compactMap { $0["id"]?.string }
            #expect(ascending == all.reversed())
            #expect(await client.get("/v1/files?purpose=batch_output").json["data"] == [])
            for wrong in ["limit=0", "limit=x", "order=up", "after=nothing"] {
                #expect(await client.get("/v1/files?\(wrong)").status == 400)
            }
        }
    }

    @Test(
        arguments: [
            ("", "multipart/form-data; boundary=b"), ("--b--", "application/json"), ("--b--", "multipart/form-data"),
            ("--b--", "multipart/form-data; boundary=b; boundary=b"),
            ("--b--", "multipart/form-data; boundary=\"\""),
            ("--b--", "multipart/form-data; boundary=\(String(repeating: "b", count: 71))"),
            ("--b\r\n\r\n\r\n--b--", "multipart/form-data; boundary=b"),
            ("--b\r\nContent-Disposition: form-data\r\n\r\na\r\n--b--", "multipart/form-data; boundary=b"),
            ("--b\r\nContent-Disposition: attachment; name=a\r\n\r\na\r\n--b--", "multipart/form-data; boundary=b"),
            ("--b\r\nContent-Disposition: form-data; name=a\r\n\r\na", "multipart/form-data; boundary=b"),
            (
                "--b\r\nContent-Disposition: form-data; name=a\r\n\r\na\r\n--bc\r\n--b--",
                "multipart/form-data; boundary=b"
            ),
            ("--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\na\r\n--b--", "multipart/form-data; boundary=b"),
            ("--b\r\nContent-Disposition: form-data; name=a\r\nX\r\n\r\na\r\n--b--", "multipart/form-data; boundary=b"),
            (
                "--b\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\na\r\n--b--",
                "multipart/form-data; boundary=b"
            ),
            ("--b\r\nContent-Disposition: form-data; name=a\r\n\r\na\r\n--b--x", "multipart/form-data; boundary=b"),
        ])
    func whatIsNoFormIsRefused(body: String, type: String) async throws {
        try await withClient { client in
            let answer = await client.send(.POST, "/v1/files", Array(body.utf8), headers: ["content-type": type])
            #expect(answer.status == 400 && answer.json["error"]?["message"]?.string != nil, "\(answer.text)")
        }
    }

    @Test func whatIsMissingIsNamed() async throws {
        try await withClient { client in
            let other = await client.send(.POST, "/v1/files", form("a", purpose: "fine-tune"), headers: Self.isForm)
            #expect(other.status == 400 && other.json["error"]?["param"] == "purpose")
            let field = "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--b--"
            let none = await client.send(.POST, "/v1/files", Array(field.utf8), headers: Self.isForm)
            #expect(none.status == 400 && none.json["error"]?["param"] == "file")
        }
    }

    @Test func namesAreKeptAndNeverFollowed() async throws {
        try await withClient { client in
            let answer = await client.send(
                .POST, "/v1/files", form("a", name: #"../..\\\"é%22"#), headers: Self.isForm)
            #expect(answer.json["filename"]?.string == #"../..\"é%22"#)
        }
    }

    @Test func aBatchToItsEnd() async throws {
        try await withClient { client in
            let file = try #require(await upload(requests, client).json["id"]?.string)
            let created = await create(file, client, ["metadata": ["for": "tests"]]).json
            #expect(created["object"] == "batch" && created["status"] == "validating", "\(created)")
            #expect(created["endpoint"] == "/v1/embeddings" && created["completion_window"] == "24h")
            #expect(created["input_file_id"]?.string == file && created["metadata"] == ["for": "tests"])
            #expect(created["request_counts"] == ["total": 0, "completed": 0, "failed": 0])
            #expect(created["errors"] == .null && created["output_file_id"] == .null)
            let id = try #require(created["id"]?.string)
            let batch = try await end(id, client)
            #expect(batch["status"] == "completed" && batch["error_file_id"] == .null)
            #expect(batch["request_counts"] == ["total": 3, "completed": 3, "failed": 0])
            for time in ["created_at", "in_progress_at", "finalizing_at", "completed_at", "expires_at"] {
                #expect(batch[time]?.integer != nil, "\(time)")
            }
            for time in ["failed_at", "expired_at", "cancelling_at", "cancelled_at"] { #expect(batch[time] == .null) }
            let output = try #require(batch["output_file_id"]?.string)
            #expect(await client.get("/v1/files/\(output)").json["purpose"] == "batch_output")
            let lines = await client.get("/v1/files/\(output)/content").lines
            #expect(lines.compactMap { $0["custom_id"]?.string } == ["r0", "r1", "r2"])
            #expect(await client.get("/v1/batches").json["data"] == [batch])
            let cancelled = await client.send(.POST, "/v1/batches/\(id)/cancel")
            #expect(cancelled.status == 409)
            // Results are nothing to begin with.
            let again = await create(output, client)
            #expect(again.status == 400 && again.json["error"]?["param"] == "input_file_id")
        }
    }

    @Test func errorsNameTheirLines() async throws {
        try await withClient { client in
            let file = try #require(await upload(requests + "{\n" + requests, client).json["id"]?.string)
            let id = try #require(await create(file, client).json["id"]?.string)
            let batch = try await end(id, client)
            #expect(batch["status"] == "failed" && batch["failed_at"]?.integer != nil)
            let errors = batch["errors"]?["data"]?.array ?? []
            #expect(batch["errors"]?["object"] == "list" && errors.compactMap { $0["line"]?.integer } == [4, 5, 6, 7])
            #expect(errors[0]["code"] == "invalid_json_line" && errors[0]["param"] == .null)
            #expect(errors[1]["code"] == "duplicate_custom_id" && errors[1]["param"] == "custom_id")
        }
    }

    @Test(
        arguments: [
            (["endpoint": "/v1/completions"], "endpoint"), (["completion_window": "1h"], "completion_window"),
            (["input_file_id": "file-x"], "input_file_id"), (["input_file_id": .null], "input_file_id"),
            (["metadata": ["a": 1]], "metadata"), (["metadata": "a"], "metadata"),
            (["output_expires_after": ["anchor": "created_at", "seconds": 5]], "expires_after"),
            (["output_expires_after": 5], "expires_after"),
        ] as [(JSONObject, String)])
    func wrongOrdersAreRefused(more: JSONObject, parameter: String) async throws {
        try await withClient { client in
            let file = try #require(await upload(requests, client).json["id"]?.string)
            let answer = await create(file, client, more)
            #expect(answer.status == 400 && answer.json["error"]?["param"]?.string == parameter, "\(answer.text)")
        }
    }

    @Test func whatIsNotThere() async throws {
        try await withClient { client in
            for path in ["/v1/batches/batch_x", "/v1/batches/..%2F..", "/v1/files/..%2Fx", "/v1/files/a%00"] {
                #expect(await client.get(path).status == 404, "\(path)")
            }
            #expect(await client.send(.POST, "/v1/batches/batch_x/cancel").status == 404)
            #expect(await client.send(.POST, "/v1/batches//cancel").status == 404)
            #expect(await client.send(.DELETE, "/v1/files/x/content").status == 405)
        }
    }

    /// A request of a batch is read and answered as over HTTP.
    @Test func requestsOfBatchesAreThoseOfTheRoute() async throws {
        let body: JSONObject = [
            "input": ["w1 w2", "w3"], "model": "tiny-sentence:query", "dimensions": 4, "encoding_format": "base64",
            "truncation": "error",
        ]
        let request = try BatchedEmbedding(.object(body))
        let asked = request.parameters
        #expect(asked.model == "tiny-sentence" && asked.inputType == .query && asked.dimensions == 4)
        #expect(asked.input.count == 2 && asked.truncation == .error && asked.lane == .background)
        let result = EmbedResult(
            model: "m", spaceID: "s", dimensions: 2, embeddings: [1, 2, 3, 4], tokens: 5, truncated: [],
            timing: Timing())
        let answer = request.answer(result)
        let json = try JSONValue(parsing: answer.body)
        #expect(answer.status == 200 && json["object"] == "list" && json["usage"]?["prompt_tokens"] == 5)
        #expect(json["data"]?.array?[1]["embedding"] == "AABAQAAAgEA=")
        do {
            _ = try BatchedEmbedding(["input": ""])
            Issue.record("it was taken")
        } catch {
            let refusal = BatchedEmbedding.refusal(error)
            #expect(refusal.status == 400)
            #expect(try JSONValue(parsing: refusal.body) == (await Client().post("/v1/embeddings", ["input": ""])).json)
        }
    }
}
