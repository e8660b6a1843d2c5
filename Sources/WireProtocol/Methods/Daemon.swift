// SPDX-License-Identifier: Apache-2.0
//
// `daemon.status`: everything the daemon knows of itself.

public import JSON

public struct DaemonStatus: Sendable {
    public var hello: HelloResult
    public var uptimeSeconds: Double
    public var socket: String?
    /// 0 when it never stops by itself.
    public var idleTimeoutSeconds: Int
    public var isDraining: Bool
    public var connections: Int
    public var requests: (total: Int, failed: Int, inFlight: Int)
    /// Pieces of work: waiting, and being computed.
    public var queue: (waiting: Int, running: Int)
    public var models: [ModelStatus]
    public var memory: (residentBytes: Int, privateBytes: Int)
    public var computeThreads: Int
    /// From exec until the socket was listening.
    public var listeningMilliseconds: Double

    public init(
        hello: HelloResult, uptimeSeconds: Double, socket: String?, idleTimeoutSeconds: Int, isDraining: Bool,
        connections: Int, requests: (total: Int, failed: Int, inFlight: Int), queue: (waiting: Int, running: Int),
        models: [ModelStatus], memory: (residentBytes: Int, privateBytes: Int),
        computeThreads: Int, listeningMilliseconds: Double
    ) {
        self.hello = hello
        self.uptimeSeconds = uptimeSeconds
        self.socket = socket
        self.idleTimeoutSeconds = idleTimeoutSeconds
        self.isDraining = isDraining
        self.connections = connections
        self.requests = requests
        self.queue = queue
        self.models = models
        self.memory = memory
        self.computeThreads = computeThreads
        self.listeningMilliseconds = listeningMilliseconds
    }

    public var json: JSONValue {
        func integer(_ value: Int) -> JSONValue { .integer(Int64(value)) }
        var object = hello.json.object ?? [:]
        object["state"] = isDraining ? "draining" : "running"
        object["uptime_s"] = .number((uptimeSeconds * 1000).rounded() / 1000)
        object["socket"] = socket.map(JSONValue.string)
        object["idle_timeout_s"] = integer(idleTimeoutSeconds)
        object["connections"] = integer(connections)
        object["requests"] = [
            "total": integer(requests.total), "failed": integer(requests.failed),
            "in_flight": integer(requests.inFlight),
        ]
        object["queue"] = ["waiting": integer(queue.waiting), "running": integer(queue.running)]
        object["models"] = .array(models.map(\.json))
        object["memory"] = [
            "resident_bytes": integer(memory.residentBytes), "private_bytes": integer(memory.privateBytes),
        ]
        object["compute"] = ["threads": integer(computeThreads)]
        object["startup"] = ["listening_ms": .number((listeningMilliseconds * 1000).rounded() / 1000)]
        return .object(object)
    }
}
