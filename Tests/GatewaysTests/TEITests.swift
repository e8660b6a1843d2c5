// SPDX-License-Identifier: Apache-2.0
//
// The API of text-embeddings-inference.

import JSON
import NIOHTTP1
import Testing

@Suite struct TEITests {
    let client = Client()

    @Test func bareVectors() async {
        let answer = await client.post("/embed", ["inputs": ["w1", "w2 w3"]])
        #expect(answer.status == 200 && answer.json.array?.count == 2)
        #expect(abs(length(answer.json.array?[0].floats ?? []) - 1) < 1e-5)
        for name in [
            "x-compute-type", "x-compute-time", "x-compute-characters", "x-compute-tokens", "x-total-time",
            "x-tokenization-time", "x-queue-time", "x-inference-time",
        ] {
            #expect(answer.headers.contains(name: name), "\(name)")
        }
        #expect(answer.headers.first(name: "x-compute-characters") == "7")
        let one = await client.post("/embed", ["inputs": "w1", "dimensions": 4, "truncation_direction": "Left"])
        #expect(one.json.array?.count == 1 && one.json.array?[0].floats.count == 4)
        let ids = await client.post("/embed", ["inputs": [[5, 6], [7]]])
        #expect(ids.json.array?.count == 2)
    }

    @Test func textsAreCutUnlessForbidden() async {
        let long = JSONValue.string(Array(repeating: "w1", count: 200).joined(separator: " "))
        let cut = await client.post("/embed", ["inputs": long])
        #expect(cut.status == 200 && cut.headers.first(name: "x-hearth-truncated") == "1")
        let refused = await client.post("/embed", ["inputs": long, "truncate": false])
        #expect(refused.status == 422 && refused.json["error_type"] == "Validation")
    }

    @Test(
        arguments: [
            (#"{"inputs":[]}"#, 400, "Empty"), (#"{}"#, 422, "Validation"), (#"{"inputs":1}"#, 422, "Validation"),
            (#"{"inputs":"a","truncation_direction":"up"}"#, 422, "Validation"),
            (#"{"inputs":"a","prompt_name":"no"}"#, 422, "Validation"), (#"{"inputs":[9999999]}"#, 422, "Validation"),
            (#"{"inputs":"a","model":"no"}"#, 404, "Validation"), (#"{"#, 400, "Validation"),
        ])
    func itsErrors(body: String, status: Int, type: String) async {
        for path in ["/embed", "/embed_all"] {
            let answer = await client.send(.POST, path, Array(body.utf8))
            #expect(answer.status == status && answer.json["error_type"]?.string == type, "\(answer.text)")
            #expect(answer.json["error"]?.string != nil)
        }
    }

    @Test func everyTokenHasAVector() async {
        let tokens = await client.post("/tokenize", ["inputs": "w1 w2 w3"]).json.array?[0].array?.count
        let answer = await client.post("/embed_all", ["inputs": ["w1 w2 w3", "w1"]])
        #expect(answer.json.array?.count == 2 && answer.json.array?[0].array?.count == tokens)
        let again = await client.post("/embed_all", ["inputs": ["w1", "w1 w2 w3", "w1"]])
        #expect(again.json.array?[1] == answer.json.array?[0] && again.json.array?[2] == answer.json.array?[1])
    }

    @Test func noSparseVectors() async {
        let answer = await client.post("/embed_sparse", ["inputs": "w1"])
        #expect(answer.status == 424 && answer.json["error_type"] == "Backend")
    }

    @Test func similarities() async {
        let answer = await client.post(
            "/similarity",
            [
                "inputs": ["source_sentence": "w1 w2", "sentences": ["w1 w2", "w9 w30"]],
                "parameters": ["truncate": true],
            ])
        let values = answer.json.floats
        #expect(values.count == 2 && abs(values[0] - 1) < 1e-5 && values[1] < 1)
        for inputs: JSONValue in [[:], ["source_sentence": "a"], ["source_sentence": "a", "sentences": []], "a"] {
            #expect([400, 422].contains(await client.post("/similarity", ["inputs": inputs]).status))
        }
    }

    @Test func rankings() async {
        let body: JSONObject = ["query": "w1", "texts": ["w9 w8", "w1"], "model": "tiny-cross", "return_text": true]
        let answer = await client.post("/rerank", .object(body))
        let results = answer.json.array ?? []
        #expect(results.count == 2)
        #expect(results.allSatisfy { $0["text"]?.string == ($0["index"] == 0 ? "w9 w8" : "w1") })
        #expect(results.allSatisfy { (0...1).contains($0["score"]?.double ?? -1) })
        var raw = body
        raw["raw_scores"] = true
        let logits = await client.post("/rerank", .object(raw)).json.array ?? []
        #expect(logits.map { $0["index"] } == results.map { $0["index"] })
        // A request of Jina's on the same path.
        let jina = await client.post("/rerank", ["query": "w1", "documents": ["w1"]])
        #expect(jina.json["results"]?.array?.count == 1)
        let none = await client.post("/rerank", ["query": "w1", "texts": []])
        #expect(none.status == 400 && none.json["error_type"] == "Empty")
    }

    @Test func predictions() async throws {
        let one = await client.post("/predict", ["inputs": "w1 w2", "model": "tiny-labels"])
        #expect(one.status == 200, "\(one.text)")
        let labels = try #require(one.json.array)
        let scores = labels.compactMap { $0["score"]?.double }
        #expect(labels.count > 1 && scores == scores.sorted(by: >) && abs(scores.reduce(0, +) - 1) < 1e-5)
        #expect(labels.allSatisfy { $0["label"]?.string != nil })
        let pairs = await client.post("/predict", ["inputs": [["w1", "w2"], ["w3"]], "model": "tiny-labels"])
        #expect(pairs.json.array?.count == 2 && pairs.json.array?[0].array?.count == labels.count)
        let pair = await client.post("/predict", ["inputs": ["w1", "w2"], "model": "tiny-labels"])
        #expect(pair.json == pairs.json.array?[0])
        let raw = await client.post("/predict", ["inputs": "w1 w2", "model": "tiny-labels", "raw_scores": true])
        #expect(raw.json.array?.map { $0["label"] } == labels.map { $0["label"] } && raw.json != one.json)
        let embedder = await client.post("/predict", ["inputs": "w1"])
        #expect(embedder.status == 422)
        for inputs: JSONValue in [[], [[]], [["a", "b", "c"]], [1], ["a", "b", "c"]] {
            let answer = await client.post("/predict", ["inputs": inputs, "model": "tiny-labels"])
            #expect([400, 422].contains(answer.status), "\(inputs)")
        }
    }

    @Test func tokensThereAndBack() async throws {
        let answer = await client.post("/tokenize", ["inputs": ["w1 w2"]])
        let tokens = try #require(answer.json.array?[0].array)
        #expect(tokens.contains { $0["special"] == true && $0["start"] == .null })
        let own = tokens.filter { $0["special"] == false }
        #expect(own.first?["start"] == 0 && own.last?["stop"] == 5)
        let bare = await client.post("/tokenize", ["inputs": "w1 w2", "add_special_tokens": false])
        #expect(bare.json.array?[0].array == own)
        let ids = JSONValue.array(tokens.compactMap { $0["id"] })
        #expect(await client.post("/decode", ["ids": ids]).json == ["w1 w2"])
        #expect(await client.post("/decode", ["ids": [ids, ids]]).json == ["w1 w2", "w1 w2"])
        let special = await client.post("/decode", ["ids": ids, "skip_special_tokens": false]).json
        #expect(special != ["w1 w2"])
        #expect(await client.post("/decode", ["ids": [99_999_999]]).status == 422)
        #expect(await client.post("/decode", ["ids": []]).status == 400)
        #expect(await client.post("/decode", ["ids": "a"]).status == 422)
    }

    @Test func aboutTheModel() async {
        let info = await client.get("/info").json
        #expect(info["model_id"] == "tiny-sentence" && info["max_input_length"] == 48)
        #expect(info["model_type"]?["embedding"]?["pooling"]?.string != nil && info["auto_truncate"] == true)
        #expect(await client.get("/health").status == 200)
        client.daemon.shutDown(force: false)
        #expect(await client.get("/health").status == 503)
    }

    @Test func metricsHaveTheirNames() async {
        _ = await client.post("/embed", ["inputs": ["w1", "w2"]])
        _ = await client.post("/embed", ["inputs": "w1"])
        _ = await client.post("/embed", ["inputs": "w1", "model": "no"])
        let answer = await client.get("/metrics")
        #expect(answer.headers.first(name: "content-type")?.hasPrefix("text/plain") == true)
        for line in [
            #"te_request_count{method="batch"} 1"#, #"te_request_count{method="single"} 2"#,
            #"te_request_success{method="single"} 1"#, #"te_request_failure{err="validation"} 1"#,
            "te_embed_count 4", "te_embed_success 3", "te_request_inference_duration_count 2", "te_queue_size 0",
            "te_batch_next_size_sum 2", #"te_batch_next_tokens_bucket{le="1"} 0"#,
            #"hearth_http_requests_total{route="/embed",status="404"} 1"#,
        ] {
            #expect(answer.text.contains(line + "\n"), "\(line)")
        }
    }
}
