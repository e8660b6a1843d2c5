// SPDX-License-Identifier: Apache-2.0
//
// OpenAI's embeddings and models, in the shapes that its SDKs send and read.

import JSON
import NIOHTTP1
import Testing

@Suite struct OpenAITests {
    let client = Client()

    @Test func aStringAsTheDocumentationHasIt() async {
        let answer = await client.post(
            "/v1/embeddings", ["input": "w1 w2", "model": "tiny-sentence", "encoding_format": "float"])
        #expect(answer.status == 200)
        #expect(answer.headers.first(name: "content-type") == "application/json")
        let json = answer.json
        #expect(json["object"] == "list" && json["model"] == "tiny-sentence")
        let data = json["data"]?.array ?? []
        #expect(data.count == 1 && data[0]["object"] == "embedding" && data[0]["index"] == 0)
        #expect(abs(length(data[0]["embedding"]?.floats ?? []) - 1) < 1e-5)
        let tokens = json["usage"]?["prompt_tokens"]?.integer ?? 0
        #expect(tokens > 0 && json["usage"]?["total_tokens"]?.integer == tokens)
        #expect(json["space_id"]?.string?.utf8.count == 32)
        #expect(json["truncated"] == [])
    }

    /// What openai-python sends when nothing is said: base64.
    @Test func base64IsTheSameVectorInLittleEndian() async throws {
        let texts: JSONValue = ["w1 w2", "w3"]
        let floats = await client.post("/v1/embeddings", ["input": texts, "model": "tiny-sentence"]).json
        let coded = await client.post(
            "/v1/embeddings", ["input": texts, "model": "tiny-sentence", "encoding_format": "base64"]
        ).json
        for index in 0..<2 {
            let text = try #require(coded["data"]?.array?[index]["embedding"]?.string)
            let bytes = try #require(Base64.decode(text))
            let values = stride(from: 0, to: bytes.count, by: 4).map { start in
                Float(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) })
            }
            #expect(values == floats["data"]?.array?[index]["embedding"]?.floats)
        }
    }

    @Test func tokenIDsInBothForms() async {
        let one = await client.post("/v1/embeddings", ["input": [5, 6, 7]]).json
        let list = await client.post("/v1/embeddings", ["input": [[5, 6, 7], [5]]]).json
        #expect(one["data"]?.array?.count == 1 && list["data"]?.array?.count == 2)
        #expect(one["data"]?.array?[0]["embedding"] == list["data"]?.array?[0]["embedding"])
        #expect(one["usage"]?["prompt_tokens"] == 3)
    }

    @Test func dimensionsGiveAnotherSpace() async {
        let whole = await client.post("/v1/embeddings", ["input": "w1"]).json
        let short = await client.post("/v1/embeddings", ["input": "w1", "dimensions": 4]).json
        #expect(short["data"]?.array?[0]["embedding"]?.floats.count == 4)
        #expect(short["space_id"] != whole["space_id"])
    }

    @Test func whatTheTextIs() async {
        func vector(_ more: JSONObject) async -> JSONValue? {
            var body: JSONObject = ["input": "w1 w2"]
            body.members += more.members
            return await client.post("/v1/embeddings", .object(body)).json["data"]?.array?[0]["embedding"]
        }
        let query = await vector(["input_type": "query", "model": "tiny-sentence"])
        #expect(await vector(["model": "tiny-sentence:query"]) == query)
        #expect(await vector(["prompt_name": "query"]) == query)
        #expect(await vector(["model": "tiny-sentence"]) != query)
    }

    @Test func whatWasCutIsReported() async {
        let long = Array(repeating: "w1", count: 200).joined(separator: " ")
        let answer = await client.post("/v1/embeddings", ["input": ["w1", .string(long)]])
        let truncated = answer.json["truncated"]?.array ?? []
        #expect(truncated.count == 1 && truncated[0]["index"] == 1 && truncated[0]["used"] == 48)
        let refused = await client.post("/v1/embeddings", ["input": .string(long), "truncation": "error"])
        #expect(refused.status == 400 && refused.json["error"]?["code"] == "input_too_long")
    }

    @Test(
        arguments: [
            ("{}", "input"), (#"{"input":[]}"#, "input"), (#"{"input":""}"#, "input"),
            (#"{"input":["a",""]}"#, "input"),
            (#"{"input":[[]]}"#, "input"), (#"{"input":7}"#, "input"), (#"{"input":[1.5]}"#, "input[0]"),
            (#"{"input":["a",1]}"#, "input[1]"), (#"{"input":[1,"a"]}"#, "input"),
            (#"{"input":[[1],"a"]}"#, "input[1]"),
            (#"{"input":"a","dimensions":0}"#, "dimensions"),
            (#"{"input":"a","encoding_format":"int8"}"#, "encoding_format"),
            (#"{"input":"a","model":5}"#, "model"), (#"{"input":"a","lane":"fast"}"#, "lane"),
        ])
    func wrongInputIsNamed(body: String, parameter: String) async {
        let answer = await client.send(.POST, "/v1/embeddings", Array(body.utf8))
        #expect(answer.status == 400)
        let error = answer.json["error"]
        #expect(error?["type"] == "invalid_request_error" && error?["param"]?.string == parameter, "\(answer.text)")
        #expect(error?["message"]?.string != nil && error?["code"]?.string != nil)
    }

    @Test(arguments: ["", "{", "[]", "\"a\"", "{\"input\":\"\u{1}\"}", "{\"input\":\"a\"}x"])
    func whatIsNoObjectIsRefused(body: String) async {
        let answer = await client.send(.POST, "/v1/embeddings", Array(body.utf8))
        #expect(answer.status == 400 && answer.json["error"]?["param"] == .null, "\(answer.text)")
    }

    @Test func idsOutsideOfTheVocabularyAreTheClientsFault() async {
        let answer = await client.post("/v1/embeddings", ["input": [1_000_000]])
        #expect(answer.status == 400 && answer.text.contains("vocabulary"))
    }

    @Test func anotherSpaceIsAConflict() async {
        let answer = await client.post("/v1/embeddings", ["input": "a", "expect_space": "other"])
        #expect(answer.status == 409 && answer.json["error"]?["code"] == "space_mismatch")
    }

    @Test func modelsAreListed() async {
        let list = await client.get("/v1/models").json
        #expect(list["object"] == "list")
        #expect(list["data"]?.array?.compactMap { $0["id"]?.string } == TestDaemon.installed)
        let one = await client.get("/v1/models/tiny-cross")
        #expect(one.json["object"] == "model" && one.json["created"] == 1_700_000_000)
        let none = await client.get("/v1/models/org%2Fname")
        #expect(
            none.status == 404 && none.json["error"]?["code"] == "model_not_found" && none.text.contains("org/name"))
    }

    @Test func anUnknownModel() async {
        let answer = await client.post("/v1/embeddings", ["input": "a", "model": "text-embedding-3-small"])
        #expect(answer.status == 404)
        #expect(answer.json["error"]?["code"] == "model_not_found" && answer.json["error"]?["param"] == "model")
    }

    /// A request that finds no room hears when there will be some.
    @Test func overloadSaysWhenToComeBack() async throws {
        let client = Client(TestDaemon(tokens: 64))
        let text = JSONValue.string(Array(repeating: "w1", count: 60).joined(separator: " "))
        let input = JSONValue.array((0..<40).map { _ in text }.enumerated().map { .string("w\($0.offset) \(text)") })
        let statuses = await withTaskGroup(of: Client.Answer.self) { group in
            for _ in 0..<16 { group.addTask { await client.post("/v1/embeddings", ["input": input]) } }
            return await group.reduce(into: [Client.Answer]()) { $0.append($1) }
        }
        let refused = try #require(statuses.first { $0.status == 429 })
        #expect(statuses.contains { $0.status == 200 })
        #expect((refused.headers.first(name: "retry-after").flatMap { Int($0) } ?? 0) >= 1)
        #expect((refused.headers.first(name: "retry-after-ms").flatMap { Int($0) } ?? 0) >= 1)
        #expect(refused.json["error"]?["type"] == "rate_limit_error" && refused.json["error"]?["code"] == "overloaded")
    }
}
