// SPDX-License-Identifier: Apache-2.0
//
// `tokenize`: what a model's tokenizer makes of a text.

public import JSON

public struct TokenizeParameters: Sendable {
    public var input: [String]
    public var model: String?

    public init(input: [String], model: String? = nil) {
        self.input = input
        self.model = model
    }

    public init(json: JSONValue) throws(WireError) {
        let parameters = try Parameters(json, of: "tokenize", allowed: ["input", "model"])
        let input = try parameters.required("input", parameters["input"])
        if let text = input.string {
            self.input = [text]
        } else {
            let texts = input.array?.map(\.string) ?? [nil]
            guard !texts.contains(nil) else {
                throw parameters.error("input", "a string or a list of strings", got: input)
            }
            self.input = texts.compactMap { $0 }
        }
        model = try parameters.string("model")
    }

    public var json: JSONValue {
        var object: JSONObject = ["input": .array(input.map(JSONValue.string))]
        object["model"] = model.map(JSONValue.string)
        return .object(object)
    }
}

public struct TokenizeResult: Sendable {
    public struct Token: Sendable, Hashable {
        public var id: Int32
        public var text: String
        /// Where it stands in the input, in Unicode scalars; empty for special tokens.
        public var range: Range<Int>

        public init(id: Int32, text: String, range: Range<Int>) {
            self.id = id
            self.text = text
            self.range = range
        }
    }

    public var model: String
    public var tokens: [[Token]]
    /// Why it is another model's tokenizer than the one that was meant.
    public var notice: String?

    public init(model: String, tokens: [[Token]]) {
        self.model = model
        self.tokens = tokens
    }

    public var json: JSONValue {
        let lists = tokens.map { list in
            JSONValue.array(
                list.map { token in
                    [
                        "id": .integer(Int64(token.id)), "text": .string(token.text),
                        "start": .integer(Int64(token.range.lowerBound)),
                        "end": .integer(Int64(token.range.upperBound)),
                    ]
                })
        }
        var object: JSONObject = ["model": .string(model), "tokens": .array(lists)]
        object["notice"] = notice.map(JSONValue.string)
        return .object(object)
    }
}
