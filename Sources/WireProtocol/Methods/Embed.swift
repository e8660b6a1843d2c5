// SPDX-License-Identifier: Apache-2.0
//
// `embed`: texts or token ids in, vectors out.

public import JSON

/// Which queue a request waits in; higher lanes go first.
public enum Lane: String, Sendable, CaseIterable { case interactive, normal, background }

/// What the text is, where a model has a prompt for each.
public enum InputType: String, Sendable, CaseIterable { case query, document }

/// What to do with a text longer than the model's limit.
public enum Truncation: String, Sendable, CaseIterable {
    /// Cut the beginning.
    case head
    /// Cut the end.
    case tail
    /// Refuse the request.
    case error
    /// Embed every stretch of the text and average them, weighted by length.
    case chunkMean = "chunk_mean"
}

/// How vectors are written in the reply.
public enum VectorEncoding: String, Sendable, CaseIterable {
    /// Arrays of numbers.
    case float
    /// A string per vector: little-endian float32.
    case base64
    /// One attachment `embeddings` of shape [n, d] after the reply's line.
    case binary
}

public struct EmbedParameters: Sendable {
    public enum Input: Sendable {
        case texts([String])
        case tokens([[Int32]])

        public var count: Int {
            switch self {
            case .texts(let texts): texts.count
            case .tokens(let sequences): sequences.count
            }
        }
    }

    public var input: Input
    public var model: String?
    public var inputType: InputType?
    public var promptName: String?
    public var dimensions: Int?
    public var normalize: Bool?
    public var truncation: Truncation = .tail
    public var encoding: VectorEncoding = .float
    public var lane: Lane = .normal
    public var deadlineMilliseconds: Int?
    public var expectSpace: String?
    /// A quick model may answer while the one that was asked for is being loaded; the result says which did.
    public var allowsInstant = false

    public init(input: Input) { self.input = input }
}

extension EmbedParameters {
    public init(json: JSONValue) throws(WireError) {
        let names = [
            "input", "model", "input_type", "prompt_name", "dimensions", "normalize", "truncation", "encoding", "lane",
            "deadline_ms", "expect_space", "allow_instant",
        ]
        let parameters = try Parameters(json, of: "embed", allowed: names)
        self.init(input: try Self.input(try parameters.required("input", parameters["input"]), parameters))
        model = try parameters.string("model")
        inputType = try parameters.choice("input_type")
        promptName = try parameters.string("prompt_name")
        dimensions = try parameters.positiveInteger("dimensions")
        normalize = try parameters.bool("normalize")
        truncation = try parameters.choice("truncation") ?? truncation
        encoding = try parameters.choice("encoding") ?? encoding
        lane = try parameters.choice("lane") ?? lane
        deadlineMilliseconds = try parameters.positiveInteger("deadline_ms")
        expectSpace = try parameters.string("expect_space")
        allowsInstant = try parameters.bool("allow_instant") ?? false
        if inputType != nil, promptName != nil {
            throw WireError(.invalidParameters, "'input_type' and 'prompt_name' exclude each other; give one")
        }
    }

    private static func input(_ json: JSONValue, _ parameters: Parameters) throws(WireError) -> Input {
        let expected = "a string, a list of strings or a list of token id lists"
        if let text = json.string { return .texts([text]) }
        guard let elements = json.array else { throw parameters.error("input", expected, got: json) }
        var texts: [String] = []
        var sequences: [[Int32]] = []
        for (index, element) in elements.enumerated() {
            if let text = element.string {
                texts.append(text)
            } else if let ids = element.array {
                sequences.append(try tokenIDs(ids, index: index))
            } else {
                throw parameters.error("input[\(index)]", "a string or a list of token ids", got: element)
            }
        }
        if !texts.isEmpty, !sequences.isEmpty {
            throw WireError(.invalidParameters, "parameter 'input' mixes strings and token id lists; send one kind")
        }
        return sequences.isEmpty ? .texts(texts) : .tokens(sequences)
    }

    private static func tokenIDs(_ ids: [JSONValue], index: Int) throws(WireError) -> [Int32] {
        var sequence: [Int32] = []
        sequence.reserveCapacity(ids.count)
        for id in ids {
            guard let value = id.integer.flatMap({ Int32(exactly: $0) }), value >= 0 else {
                throw WireError(.invalidParameters, "parameter 'input[\(index)]' holds \(id), which is not a token id")
            }
            sequence.append(value)
        }
        return sequence
    }

    public var json: JSONValue {
        var object = JSONObject()
        switch input {
        case .texts(let texts): object["input"] = .array(texts.map(JSONValue.string))
        case .tokens(let sequences):
            object["input"] = .array(sequences.map { .array($0.map { .integer(Int64($0)) }) })
        }
        object["model"] = model.map(JSONValue.string)
        object["input_type"] = inputType.map { .string($0.rawValue) }
        object["prompt_name"] = promptName.map(JSONValue.string)
        object["dimensions"] = dimensions.map { .integer(Int64($0)) }
        object["normalize"] = normalize.map(JSONValue.bool)
        object["truncation"] = .string(truncation.rawValue)
        object["encoding"] = .string(encoding.rawValue)
        object["lane"] = .string(lane.rawValue)
        object["deadline_ms"] = deadlineMilliseconds.map { .integer(Int64($0)) }
        object["expect_space"] = expectSpace.map(JSONValue.string)
        if allowsInstant { object["allow_instant"] = true }
        return .object(object)
    }
}

/// A text that was longer than the model's limit.
public struct TruncatedInput: Sendable, Hashable {
    public var index: Int
    /// Tokens of the whole text, special tokens included.
    public var tokens: Int
    /// Tokens that the vector is made of.
    public var used: Int

    public init(index: Int, tokens: Int, used: Int) {
        self.index = index
        self.tokens = tokens
        self.used = used
    }
}

public struct Timing: Sendable, Hashable {
    public var queueMilliseconds: Double
    public var tokenizeMilliseconds: Double
    public var inferenceMilliseconds: Double

    public init(queueMilliseconds: Double = 0, tokenizeMilliseconds: Double = 0, inferenceMilliseconds: Double = 0) {
        self.queueMilliseconds = queueMilliseconds
        self.tokenizeMilliseconds = tokenizeMilliseconds
        self.inferenceMilliseconds = inferenceMilliseconds
    }
}

public struct EmbedResult: Sendable {
    public var model: String
    public var spaceID: String
    public var dimensions: Int
    /// Row-major, one row of `dimensions` values per input.
    public var embeddings: [Float]
    /// Tokens computed.
    public var tokens: Int
    public var truncated: [TruncatedInput]
    public var timing: Timing
    /// Why another model answered than the one that was meant.
    public var notice: String?

    public init(
        model: String, spaceID: String, dimensions: Int, embeddings: [Float], tokens: Int, truncated: [TruncatedInput],
        timing: Timing
    ) {
        self.model = model
        self.spaceID = spaceID
        self.dimensions = dimensions
        self.embeddings = embeddings
        self.tokens = tokens
        self.truncated = truncated
        self.timing = timing
    }

    /// Number of vectors.
    public var count: Int { dimensions == 0 ? 0 : embeddings.count / dimensions }

    public func vector(_ index: Int) -> ArraySlice<Float> {
        embeddings[index * dimensions..<(index + 1) * dimensions]
    }
}

extension EmbedResult {
    public func reply(_ encoding: VectorEncoding) -> Reply {
        var writer = JSONWriter(reservingCapacity: encoding == .binary ? 512 : embeddings.count * 12 + 512)
        write(encoding, to: &writer)
        guard encoding == .binary else { return Reply(result: writer.bytes) }
        let attachment = Attachment(name: "embeddings", floats: embeddings, shape: [count, dimensions])
        return Reply(result: writer.bytes, attachments: [attachment])
    }

    /// Writes the result object; with `binary` the vectors are left out.
    public func write(_ encoding: VectorEncoding, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("model")
        writer.string(model)
        writer.key("space_id")
        writer.string(spaceID)
        writer.key("dimensions")
        writer.integer(dimensions)
        if encoding != .binary {
            writer.key("embeddings")
            writer.beginArray()
            for index in 0..<count {
                switch encoding {
                case .base64: writer.string(vector(index).withUnsafeBytes { Base64.encode($0) })
                default: writer.numbers(vector(index))
                }
            }
            writer.endArray()
        }
        writer.key("usage")
        writer.value(["tokens": .integer(Int64(tokens))])
        writer.key("truncated")
        writer.value(.array(truncated.map(\.json)))
        writer.key("timing")
        writer.value(timing.json)
        if let notice {
            writer.key("notice")
            writer.string(notice)
        }
        writer.endObject()
    }

    /// Reads a reply with `binary` vectors.
    public init(json: JSONValue, attachments: [Attachment]) throws(WireError) {
        guard let model = json["model"]?.string, let spaceID = json["space_id"]?.string,
            let dimensions = json["dimensions"]?.integer, let tokens = json["usage"]?["tokens"]?.integer,
            let embeddings = attachments.first(where: { $0.name == "embeddings" })?.floats,
            dimensions > 0, embeddings.count.isMultiple(of: dimensions)
        else { throw WireError(.internalError, "the daemon's reply to embed is not one this version understands") }
        self.init(
            model: model, spaceID: spaceID, dimensions: dimensions, embeddings: embeddings, tokens: tokens,
            truncated: (json["truncated"]?.array ?? []).compactMap(TruncatedInput.init(json:)),
            timing: Timing(json: json["timing"] ?? .null))
        notice = json["notice"]?.string
    }
}

extension TruncatedInput {
    public var json: JSONValue {
        ["index": .integer(Int64(index)), "tokens": .integer(Int64(tokens)), "used": .integer(Int64(used))]
    }

    init?(json: JSONValue) {
        guard let index = json["index"]?.integer, let tokens = json["tokens"]?.integer,
            let used = json["used"]?.integer
        else { return nil }
        self.init(index: index, tokens: tokens, used: used)
    }
}

extension Timing {
    var json: JSONValue {
        [
            "queue_ms": .number(queueMilliseconds.roundedToMicroseconds),
            "tokenize_ms": .number(tokenizeMilliseconds.roundedToMicroseconds),
            "inference_ms": .number(inferenceMilliseconds.roundedToMicroseconds),
        ]
    }

    init(json: JSONValue) {
        self.init(
            queueMilliseconds: json["queue_ms"]?.double ?? 0,
            tokenizeMilliseconds: json["tokenize_ms"]?.double ?? 0,
            inferenceMilliseconds: json["inference_ms"]?.double ?? 0)
    }
}

extension Double {
    fileprivate var roundedToMicroseconds: Double { (self * 1000).rounded() / 1000 }
}
