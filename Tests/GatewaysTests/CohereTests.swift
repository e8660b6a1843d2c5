// SPDX-License-Identifier: Apache-2.0
//
// Cohere's embed and rerank, and Jina's.

import JSON
import NIOHTTP1
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct CohereTests {
    let client = Client()

    @Test func embeddingsByType() async throws {
        let answer = await client.post(
            "/v2/embed",
            [
                "model": "tiny-sentence", "texts": ["w1 w2", "w3"], "input_type": "search_document",
                "embedding_types": ["float", "int8", "uint8", "binary", "ubinary", "base64"],
            ])
        #expect(answer.status == 200, "\(answer.text)")
        let json = answer.json
        #expect(json["id"]?.string?.utf8.count == 36 && json["texts"] == ["w1 w2", "w3"])
        #expect(json["response_type"] == "embeddings_by_type")
        #expect(json["meta"]?["api_version"]?["version"] == "2")
        #expect((json["meta"]?["billed_units"]?["input_tokens"]?.integer ?? 0) > 0)
        let embeddings = try #require(json["embeddings"])
        let floats = try #require(embeddings["float"]?.array?[0].floats)
        let int8 = try #require(embeddings["int8"]?.array?[0].integers)
        let uint8 = try #require(embeddings["uint8"]?.array?[0].integers)
        let ubinary = try #require(embeddings["ubinary"]?.array?[0].integers)
        let binary = try #require(embeddings["binary"]?.array?[0].integers)
        #expect(int8.map { $0 + 128 } == uint8 && binary.map { $0 + 128 } == ubinary)
        #expect(int8.map(abs).max() == 127 && ubinary.count == (floats.count + 7) / 8)
        for (index, value) in floats.enumerated() {
            #expect((ubinary[index / 8] >> (7 - index % 8) & 1 == 1) == (value > 0))
        }
        let dot = zip(floats, int8).reduce(Float(0)) { $0 + $1.0 * Float($1.1) }
        #expect(dot / length(floats) / length(int8.map { Float($0) }) > 0.999)
        #expect(Base64.decode(embeddings["base64"]?.array?[0].string ?? "")?.count == floats.count * 4)
    }

    @Test func aQueryHasItsPrompt() async {
        func vector(_ type: String) async -> JSONValue? {
            await client.post("/v2/embed", ["texts": ["w1"], "input_type": .string(type)]).json["embeddings"]?["float"]
        }
        #expect(await vector("search_query") == vector("query"))
        #expect(await vector("search_query") != vector("classification"))
    }

    /// A model may be sound and its numbers too large to be added up.
    @Test func vectorsThatAreNotFiniteAreAnError() async throws {
        let folder = TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let rows = 1000
        var table = Array(#"{"embeddings":{"dtype":"F32","shape":[\#(rows),2],"data_offsets":[0,\#(rows * 8)]}}"#.utf8)
        table = withUnsafeBytes(of: UInt64(table.count).littleEndian) { Array($0) } + table
        for _ in 0..<rows {
            for value in [Float.greatestFiniteMagnitude, 1] {
                withUnsafeBytes(of: value.bitPattern.littleEndian) { table += $0 }
            }
        }
        folder.write(#"{"model_type":"model2vec","normalize":true}"#, to: "config.json")
        try #require(symlink(TestDaemon.fixtures + "tiny-static/tokenizer.json", folder.path + "/tokenizer.json") == 0)
        folder.write(table, to: "model.safetensors")
        let client = Client(TestDaemon(folders: ["huge": folder.path]))
        for type: JSONValue in ["int8", "uint8", "binary", "ubinary", "float", "base64"] {
            let answer = await client.post(
                "/v2/embed", ["model": "huge", "texts": ["hello world"], "embedding_types": [type]])
            #expect(answer.status == 500 && answer.json["message"]?.string?.contains("not finite") == true)
        }
    }

    @Test func theFirstVersionHasBareVectors() async {
        let bare = await client.post("/v1/embed", ["texts": ["w1"], "output_dimension": 4]).json
        #expect(bare["embeddings"]?.array?[0].floats.count == 4 && bare["response_type"] == "embeddings_floats")
        let typed = await client.post("/v1/embed", ["texts": ["w1"], "embedding_types": ["int8"]]).json
        #expect(typed["embeddings"]?["int8"]?.array?.count == 1 && typed["embeddings"]?["float"] == nil)
    }

    @Test(arguments: ["START", "END", "NONE"]) func longTexts(truncate: String) async {
        let long = JSONValue.string(Array(repeating: "w1", count: 200).joined(separator: " "))
        let answer = await client.post("/v2/embed", ["texts": [long], "truncate": .string(truncate)])
        #expect(answer.status == (truncate == "NONE" ? 400 : 200))
        if truncate != "NONE" { #expect(answer.json["meta"]?["warnings"]?.array?.count == 1) }
    }

    @Test(
        arguments: [
            "{}", #"{"texts":[]}"#, #"{"texts":"a"}"#, #"{"texts":[1]}"#, #"{"texts":["a"],"input_type":"image"}"#,
            #"{"texts":["a"],"embedding_types":["int4"]}"#, #"{"texts":["a"],"embedding_types":[]}"#,
            #"{"texts":["a"],"images":["data:"]}"#, #"{"texts":["a"],"truncate":"middle"}"#,
            #"{"inputs":[{"content":[{"type":"image_url"}]}]}"#,
        ])
    func wrongInput(body: String) async {
        let answer = await client.send(.POST, "/v2/embed", Array(body.utf8))
        #expect(answer.status == 400 && answer.json["message"]?.string != nil, "\(answer.text)")
    }

    @Test(arguments: ["tiny-cross", "tiny-sentence"]) func rankingsAreSortedAndWithinBounds(model: String) async {
        let documents: JSONValue = ["w1 w2", "w9 w8 w7", "w1", "w30 w31"]
        let answer = await client.post(
            "/v2/rerank", ["model": .string(model), "query": "w1 w2", "documents": documents, "top_n": 3])
        #expect(answer.status == 200, "\(answer.text)")
        let scores = answer.json["results"]?.array?.compactMap { $0["relevance_score"]?.double } ?? []
        #expect(scores.count == 3 && scores == scores.sorted(by: >) && scores.allSatisfy { (0...1).contains($0) })
        #expect(answer.json["meta"]?["billed_units"]?["search_units"] == 1)
    }

    @Test func wrongRankings() async {
        for body: JSONValue in [
            [:], ["query": "a"], ["query": "a", "documents": []], ["query": 1, "documents": ["a"]],
            ["query": "a", "documents": [1]], ["query": "a", "documents": ["b"], "top_n": 0],
        ] {
            for path in ["/v2/rerank", "/v1/rerank"] {
                let answer = await client.post(path, body)
                #expect(answer.status == 400 && answer.json["message"]?.string != nil, "\(path) \(body)")
            }
        }
        let several = await client.post("/v2/rerank", ["query": "a", "documents": ["b"], "model": "tiny-labels"])
        #expect(several.status == 400 && several.text.contains("labels"))
    }

    @Test func jinasShape() async {
        let answer = await client.post(
            "/v1/rerank",
            [
                "model": "tiny-cross", "query": "w1", "documents": [["text": "w1"], "w2 w3"], "return_documents": true,
            ])
        let json = answer.json
        #expect(json["object"] == "list" && json["model"] == "tiny-cross")
        #expect((json["usage"]?["total_tokens"]?.integer ?? 0) > 0)
        let results = json["results"]?.array ?? []
        #expect(results.count == 2)
        for result in results {
            #expect(result["document"]?["text"]?.string == (result["index"] == 0 ? "w1" : "w2 w3"))
        }
        let bare = await client.post("/v1/rerank", ["query": "w1", "documents": ["w1"]]).json
        #expect(bare["results"]?.array?[0]["document"] == nil)
        let none = await client.post("/v1/rerank", ["query": "w1", "documents": ["w1"], "model": "no"])
        #expect(none.status == 404 && none.json["detail"]?.string?.contains("no") == true)
    }
}
