// SPDX-License-Identifier: Apache-2.0
//
// A request for `/v1/embeddings` in a batch: read and answered as over HTTP,
// but by a client of the daemon's socket.

import Inference
public import JSON
public import Jobs
import NIOHTTP1
import Serving
public import WireProtocol

public struct BatchedEmbedding: Sendable {
    /// Of the method `embed`.
    public let parameters: EmbedParameters
    private let format: OpenAI.Format

    /// - Throws: what `refusal` answers to.
    public init(_ body: JSONValue) throws {
        let (request, format) = try OpenAI.request(Parameters(body.object ?? [:]))
        var parameters = EmbedParameters(request)
        parameters.encoding = .binary
        // Nobody waits for it.
        parameters.lane = .background
        self.parameters = parameters
        self.format = format
    }

    public func answer(_ result: EmbedResult) -> BatchAnswer {
        BatchAnswer(status: 200, body: OpenAI.body(result, format))
    }

    public static func refusal(_ error: any Error) -> BatchAnswer {
        let response = OpenAI.response(for: HTTPFailure(error))
        guard case .bytes(let body) = response.body else { return BatchAnswer(status: 500, body: Array("null".utf8)) }
        return BatchAnswer(status: Int(response.status.code), body: body)
    }
}

extension EmbedParameters {
    init(_ request: EmbedRequest) {
        switch request.input {
        case .texts(let texts): self.init(input: .texts(texts))
        case .tokens(let sequences): self.init(input: .tokens(sequences))
        }
        model = request.model
        dimensions = request.dimensions
        expectSpace = request.expectedSpace
        switch request.prompt {
        // No format has a text in the place of a name.
        case .standard, .text: break
        case .query: inputType = .query
        case .document: inputType = .document
        case .named(let name): promptName = name
        }
        switch request.overlength {
        case .cutEnd: truncation = .tail
        case .cutBeginning: truncation = .head
        case .refuse: truncation = .error
        case .average: truncation = .chunkMean
        }
    }
}
