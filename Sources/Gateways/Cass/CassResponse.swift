// SPDX-License-Identifier: Apache-2.0
//
// What cass is answered, byte for byte as rmp-serde writes it.

enum CassResponse: Sendable {
    case health(uptime: Int, isReady: Bool, memory: Int)
    case embed(vectors: [Float], count: Int, dimensions: Int, model: String, milliseconds: Int)
    /// In the order of the documents.
    case rerank(scores: [Float], model: String, milliseconds: Int)
    case status(uptime: Int, embedders: [Model], rerankers: [Model], memory: Int, requests: Int)
    case jobSubmitted(id: String)
    case jobs([CassJob])
    case jobsCancelled(Int)
    case shutdown
    case error(CassError)

    struct Model: Sendable, Hashable {
        var id: String
        var name: String
        var dimensions: Int?
        var isLoaded: Bool
        var memory: Int
    }
}

/// A background job as cass's table has it.
public struct CassJob: Sendable, Hashable {
    public var id: Int
    public var model: String
    /// "pending", "running", "completed", "failed" or "cancelled".
    public var status: String
    public var total: Int
    public var completed: Int
    public var error: String?

    public init(id: Int, model: String, status: String, total: Int, completed: Int, error: String? = nil) {
        self.id = id
        self.model = model
        self.status = status
        self.total = total
        self.completed = completed
        self.error = error
    }
}

public struct CassError: Error, Sendable, Hashable {
    public enum Code: String, Sendable {
        case `internal` = "Internal"
        case modelNotFound = "ModelNotFound"
        case invalidInput = "InvalidInput"
        case overloaded = "Overloaded"
        case timeout = "Timeout"
        case modelLoadFailed = "ModelLoadFailed"
    }

    public var code: Code
    public var message: String
    public var isRetryable = false
    public var retryAfterMilliseconds: Int?

    public init(
        _ code: Code, _ message: String, isRetryable: Bool = false, retryAfterMilliseconds: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.isRetryable = isRetryable
        self.retryAfterMilliseconds = retryAfterMilliseconds
    }
}

/// A frame on its way out.
struct CassAnswer: Sendable {
    static let version = 1
    /// What the client does not read beyond.
    static let maximumLength = 10 << 20

    var requestID: String
    var response: CassResponse

    /// With its length. Nil for one that the client would not read.
    func encoded() -> [UInt8]? {
        let payload = encodedPayload()
        guard payload.count <= Self.maximumLength else { return nil }
        return Self.length(payload.count) + payload
    }

    static func length(_ count: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt32(count).bigEndian) { Array($0) }
    }

    private func encodedPayload() -> [UInt8] {
        var writer = MessagePackWriter()
        writer.array(3)
        writer.integer(Self.version)
        writer.string(requestID)
        writer.map(1)
        switch response {
        case .health(let uptime, let isReady, let memory):
            writer.variant("Health", fields: 4)
            writer.integer(uptime)
            writer.integer(Self.version)
            writer.bool(isReady)
            writer.integer(memory)
        case .embed(let vectors, let count, let dimensions, let model, let milliseconds):
            writer.variant("Embed", fields: 3)
            writer.array(count)
            for row in 0..<count { writer.floats(vectors[(row * dimensions)..<((row + 1) * dimensions)]) }
            writer.string(model)
            writer.integer(milliseconds)
        case .rerank(let scores, let model, let milliseconds):
            writer.variant("Rerank", fields: 3)
            writer.floats(scores)
            writer.string(model)
            writer.integer(milliseconds)
        case .status(let uptime, let embedders, let rerankers, let memory, let requests):
            writer.variant("Status", fields: 6)
            writer.integer(uptime)
            writer.integer(Self.version)
            writer.models(embedders)
            writer.models(rerankers)
            writer.integer(memory)
            writer.integer(requests)
        case .jobSubmitted(let id):
            writer.variant("JobSubmitted", fields: 2)
            writer.string(id)
            writer.string("embedding job submitted")
        case .jobs(let jobs):
            writer.variant("JobStatus", fields: 1)
            writer.array(jobs.count)
            for job in jobs { writer.job(job) }
        case .jobsCancelled(let count):
            writer.variant("JobCancelled", fields: 2)
            writer.integer(count)
            writer.string("cancelled \(count) job(s)")
        case .shutdown:
            writer.variant("Shutdown", fields: 1)
            writer.string("daemon shutting down")
        case .error(let error):
            writer.variant("Error", fields: 4)
            writer.string(error.code.rawValue)
            writer.string(error.message)
            writer.bool(error.isRetryable)
            if let time = error.retryAfterMilliseconds { writer.integer(time) } else { writer.null() }
        }
        return writer.bytes
    }
}

extension MessagePackWriter {
    fileprivate mutating func variant(_ name: String, fields: Int) {
        string(name)
        array(fields)
    }

    fileprivate mutating func models(_ models: [CassResponse.Model]) {
        array(models.count)
        for model in models {
            array(5)
            string(model.id)
            string(model.name)
            if let dimensions = model.dimensions { integer(dimensions) } else { null() }
            bool(model.isLoaded)
            integer(model.memory)
        }
    }

    fileprivate mutating func job(_ job: CassJob) {
        array(6)
        integer(job.id)
        string(job.model)
        string(job.status)
        integer(job.total)
        integer(job.completed)
        optional(job.error)
    }
}
