// SPDX-License-Identifier: Apache-2.0
//
// `compat.serve`: a process that another tool started as its daemon has this
// one do the work, for as long as the process lives.

import JSON
import WireProtocol

/// Which front-end to open, and how it differs from the configured one.
public struct FrontEndParameters: Sendable, Hashable {
    /// "ember", "cass", "twilog" or "mozart".
    public var tool: String
    public var socket: String?
    public var model: String?
    /// Whom the tool takes for its daemon.
    public var process: Int?
    /// Ends after so long without a client; nil for never.
    public var idleTimeout: Duration?

    init(json: JSONValue, of method: String) throws(WireError) {
        let parameters = try Parameters(
            json, of: method, allowed: ["tool", "socket", "model", "process", "idle_timeout_s"])
        tool = try parameters.required("tool", try parameters.string("tool"))
        socket = try parameters.string("socket")
        model = try parameters.string("model")
        process = try parameters.positiveInteger("process")
        idleTimeout = try parameters.positiveInteger("idle_timeout_s").map { .seconds($0) }
    }
}

extension Methods {
    func serveFrontEnd(_ call: Call) async throws -> Reply {
        try await daemon.serveFrontEnd(FrontEndParameters(json: call.parameters, of: call.method))
        return Reply(["ended": true])
    }
}
