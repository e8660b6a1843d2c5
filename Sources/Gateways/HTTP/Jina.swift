// SPDX-License-Identifier: Apache-2.0
//
// Jina's rerank (https://api.jina.ai/redoc), with what clients of Cohere's
// first version look for in the same place.

import JSON
import NIOHTTP1
import Serving
import WireProtocol

enum Jina {
    static let routes = [Route(.POST, "/v1/rerank", .jina, isWork: true, rerank)]

    static func rerank(_ call: HTTPCall) async throws -> HTTPResponse {
        let fields = try call.fields()
        let documents = try HTTPCall.documents(fields["documents"], "documents", fields)
        if documents.isEmpty { throw HTTPFailure.invalid("'documents' is empty", parameter: "documents") }
        var request = RerankRequest(
            query: try fields.required("query", try fields.string("query")), documents: documents)
        let model = ModelName(try fields.string("model"))
        request.model = model.name
        request.topCount = try fields.positiveInteger("top_n")
        let returnsDocuments = try fields.bool("return_documents") ?? false
        let outcome = try await call.rerank(request, lane: try fields.choice("lane"))
        let results = outcome.relevances.map { result -> JSONValue in
            var object: JSONObject = [
                "index": .integer(Int64(result.index)), "relevance_score": .score(result.score),
            ]
            if returnsDocuments { object["document"] = ["text": .string(documents[result.index])] }
            return .object(object)
        }
        let cut = outcome.truncated.map(TruncatedInput.init)
        let tokens = JSONValue.integer(Int64(outcome.tokens))
        var object: JSONObject = [
            "model": .string(outcome.model), "object": "list",
            "usage": ["total_tokens": tokens, "prompt_tokens": tokens],
            "results": .array(results), "id": .string(randomID()),
            "meta": Cohere.meta("1", ["search_units": 1], cut: cut, "document"),
            "truncated": .array(cut.map(\.json)),
        ]
        object["notice"] = call.notice(outcome.model, insteadOf: model.name).map(JSONValue.string)
        return HTTPResponse(json: .object(object))
    }

    static func response(for failure: HTTPFailure) -> HTTPResponse {
        // Clients of Cohere's first version look for a message.
        failure.response(["detail": .string(failure.message), "message": .string(failure.message)])
    }
}
