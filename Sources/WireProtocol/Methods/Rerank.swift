// SPDX-License-Identifier: Apache-2.0
//
// `rerank`: a query and documents in, the documents' order out.

public import JSON

public struct RerankParameters: Sendable {
    public var query: String
    public var documents: [String]
    public var model: String?
    /// Only the best so many results; nil for all.
    public var topN: Int?
    /// Scores before the model's activation.
    public var rawScores = false
    public var lane: Lane = .normal
    public var deadlineMilliseconds: Int?

    public init(query: String, documents: [String]) {
        self.query = query
        self.documents = documents
    }
}

extension RerankParameters {
    public init(json: JSONValue) throws(WireError) {
        let names = ["query", "documents", "model", "top_n", "raw_scores", "lane", "deadline_ms"]
        let parameters = try Parameters(json, of: "rerank", allowed: names)
        self.init(
            query: try parameters.required("query", try parameters.string("query")),
            documents: try parameters.required("documents", try parameters.strings("documents")))
        model = try parameters.string("model")
        topN = try parameters.positiveInteger("top_n")
        rawScores = try parameters.bool("raw_scores") ?? rawScores
        lane = try parameters.choice("lane") ?? lane
        deadlineMilliseconds = try parameters.positiveInteger("deadline_ms")
    }

    public var json: JSONValue {
        var object: JSONObject = ["query": .string(query), "documents": .array(documents.map(JSONValue.string))]
        object["model"] = model.map(JSONValue.string)
        object["top_n"] = topN.map { .integer(Int64($0)) }
        if rawScores { object["raw_scores"] = true }
        object["lane"] = .string(lane.rawValue)
        object["deadline_ms"] = deadlineMilliseconds.map { .integer(Int64($0)) }
        return .object(object)
    }
}

public struct RerankResult: Sendable {
    /// How scores come about.
    public enum Method: String, Sendable {
        /// The model reads the query and a document together.
        case crossEncoder = "cross_encoder"
        /// An embedder reads them apart and their tokens' vectors are compared: an approximation.
        case lateInteraction = "late_interaction"
    }

    public struct Ranked: Sendable, Hashable {
        /// Position among the documents of the request.
        public var index: Int
        public var score: Float

        public init(index: Int, score: Float) {
            self.index = index
            self.score = score
        }
    }

    public var model: String
    public var method: Method
    /// Best first.
    public var results: [Ranked]
    /// Tokens computed.
    public var tokens: Int
    /// Documents of which the model saw only the beginning.
    public var truncated: [TruncatedInput]
    public var timing: Timing
    /// Why another model answered than the one that was meant.
    public var notice: String?

    public init(
        model: String, method: Method, results: [Ranked], tokens: Int, truncated: [TruncatedInput], timing: Timing
    ) {
        self.model = model
        self.method = method
        self.results = results
        self.tokens = tokens
        self.truncated = truncated
        self.timing = timing
    }
}

extension RerankResult {
    public var json: JSONValue {
        var object: JSONObject = [
            "model": .string(model),
            "method": .string(method.rawValue),
            "results": .array(results.map(\.json)),
            "usage": ["tokens": .integer(Int64(tokens))],
            "truncated": .array(truncated.map(\.json)),
            "timing": timing.json,
        ]
        object["notice"] = notice.map(JSONValue.string)
        return .object(object)
    }
}

extension RerankResult.Ranked {
    var json: JSONValue {
        // The shortest decimal that is this score, rather than all digits of its double.
        ["index": .integer(Int64(index)), "score": .number(Double(score.description) ?? Double(score))]
    }
}
