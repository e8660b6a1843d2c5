// SPDX-License-Identifier: Apache-2.0
//
// Embedding a long stream of texts in bounded memory: texts are gathered into
// requests of bounded size and a few requests are kept in flight, so that
// daemon and caller work at the same time. Results come in the order of the texts.

import JSON
public import WireProtocol

public struct EmbedPipeline {
    public struct Limits: Sendable {
        /// Texts in a request.
        public var texts = 128
        /// UTF-8 bytes of a request's texts. A text that is larger goes alone.
        public var bytes = 256 << 10
        /// Requests in flight.
        public var requests = 3
        /// How long a request may be turned away as overload before that is an error.
        public var overloadTimeout = Duration.seconds(60)

        public init() {}
    }

    private struct Request {
        var id: RequestID
        let texts: [String]
    }

    private let client: HearthClient
    private let parameters: EmbedParameters
    private let limits: Limits
    private let onProgress: (Progress) -> Void
    private var gathered: [String] = []
    private var gatheredBytes = 0
    private var inFlight: [Request] = []

    /// - Parameter parameters: of every request; the input is replaced.
    public init(
        client: HearthClient, parameters: EmbedParameters, limits: Limits = Limits(),
        onProgress: @escaping (Progress) -> Void = { _ in }
    ) {
        self.client = client
        self.parameters = parameters
        self.limits = limits
        self.onProgress = onProgress
    }

    /// Takes a text.
    ///
    /// - Returns: the oldest request's result when as many are in flight as may be.
    public mutating func append(_ text: String) throws(ClientError) -> EmbedResult? {
        let bytes = text.utf8.count
        var oldest: EmbedResult?
        if !gathered.isEmpty, gathered.count == limits.texts || gatheredBytes + bytes > limits.bytes {
            if inFlight.count >= limits.requests { oldest = try receiveOldest() }
            try flush()
        }
        gathered.append(text)
        gatheredBytes += bytes
        return oldest
    }

    /// Sends what was gathered, for a source that pauses.
    public mutating func flush() throws(ClientError) {
        if gathered.isEmpty { return }
        inFlight.append(Request(id: try submit(gathered), texts: gathered))
        gathered = []
        gatheredBytes = 0
    }

    /// The oldest result that was not taken yet; nil when there is none left.
    public mutating func next() throws(ClientError) -> EmbedResult? {
        try flush()
        return inFlight.isEmpty ? nil : try receiveOldest()
    }

    private func submit(_ texts: [String]) throws(ClientError) -> RequestID {
        var parameters = parameters
        parameters.input = .texts(texts)
        return try client.submitEmbedding(parameters)
    }

    private mutating func receiveOldest() throws(ClientError) -> EmbedResult {
        var request = inFlight.removeFirst()
        let deadline = Deadline(after: limits.overloadTimeout)
        while true {
            do {
                return try client.receiveEmbedding(request.id, onProgress: onProgress)
            } catch .remote(let error) where error.code == .overloaded && !deadline.hasPassed {
                let delay = error.details["retry_after_ms"]?.integer ?? 100
                pause(.milliseconds(min(max(delay, 10), 5000)), until: deadline)
                request.id = try submit(request.texts)
            }
        }
    }
}
