// SPDX-License-Identifier: Apache-2.0
//
// The daemon's methods with typed parameters and results.

import JSON
public import WireProtocol

extension HearthClient {
    /// Turns texts or token ids into vectors.
    public func embed(
        _ parameters: EmbedParameters, onProgress: (Progress) -> Void = { _ in }
    ) throws(ClientError) -> EmbedResult {
        try Self.embedding(
            try explaining { client throws(ClientError) in
                try client.receive(try client.submitEmbedding(parameters), onProgress: onProgress)
            })
    }

    func submitEmbedding(_ parameters: EmbedParameters) throws(ClientError) -> RequestID {
        var parameters = parameters
        parameters.encoding = .binary
        return try submit("embed", parameters.json.object ?? [:], isRepeatable: true)
    }

    /// The reply to one of several requests in flight, for which the daemon is not replaced.
    func receiveEmbedding(
        _ id: RequestID, onProgress: (Progress) -> Void
    ) throws(ClientError) -> EmbedResult {
        try Self.embedding(
            try explaining(replacing: false) { client throws(ClientError) in
                try client.receive(id, onProgress: onProgress)
            })
    }

    private static func embedding(_ answer: Answer) throws(ClientError) -> EmbedResult {
        do {
            return try EmbedResult(json: answer.result, attachments: answer.attachments)
        } catch {
            throw .invalidReply(error.message)
        }
    }

    /// Orders documents by how well they answer a query; the result is that of the method `rerank`.
    public func rerank(
        _ parameters: RerankParameters, onProgress: (Progress) -> Void = { _ in }
    ) throws(ClientError) -> Answer {
        try explaining { client throws(ClientError) in
            try client.call("rerank", parameters.json.object ?? [:], isRepeatable: true, onProgress: onProgress)
        }
    }

    /// Finds the places of an indexed folder that answer a question; the result is that of the method `index.find`.
    public func find(
        _ parameters: IndexFindParameters, onProgress: (Progress) -> Void = { _ in }
    ) throws(ClientError) -> Answer {
        try explaining { client throws(ClientError) in
            try client.call("index.find", parameters.json.object ?? [:], isRepeatable: true, onProgress: onProgress)
        }
    }

    /// Cuts texts into a model's tokens; the result is that of the method `tokenize`.
    public func tokenize(
        _ parameters: TokenizeParameters, onProgress: (Progress) -> Void = { _ in }
    ) throws(ClientError) -> Answer {
        try explaining { client throws(ClientError) in
            try client.call("tokenize", parameters.json.object ?? [:], isRepeatable: true, onProgress: onProgress)
        }
    }

    /// Who answers and in which version.
    public func hello() throws(ClientError) -> Answer {
        try call("hello", ["client": "hearth", "version": .string(hearthVersion)], isRepeatable: true)
    }

    /// Runs calls. Where the daemon did not understand one because it is older, it is asked to finish what it has and
    /// make room for one of this version, and the calls are run again.
    /// - Parameter replacing: false for calls that cannot be run again.
    /// - Throws: `incompatible` where it must stay: it is newer, or the policy lets no other be started.
    public func explaining<Result>(
        replacing: Bool = true, _ body: (HearthClient) throws(ClientError) -> Result
    ) throws(ClientError) -> Result {
        let error: WireError
        do {
            return try body(self)
        } catch .remote(let remote) where [.methodNotFound, .invalidParameters].contains(remote.code) {
            error = remote
        }
        guard let version = try? hello().result["version"]?.string, version != hearthVersion else {
            throw .remote(error)
        }
        guard replacing, mayReplaceDaemon, ReleaseVersion(version) < ReleaseVersion(hearthVersion) else {
            throw .incompatible(daemonVersion: version, error)
        }
        try replaceDaemon(because: "it was of version \(version)")
        return try body(self)
    }
}
