// SPDX-License-Identifier: Apache-2.0
//
// A batch as it stands: what a client ordered, and how far the work is. Times
// are seconds since 1970.

/// As OpenAI's API has them.
public enum BatchStatus: String, Sendable, CaseIterable {
    /// Its file is still to be checked.
    case validating
    case inProgress = "in_progress"
    /// All requests are answered; the results become files.
    case finalizing
    case completed
    /// The file is wrong, or the work could not go on; `problems` say why.
    case failed
    /// Not ready within its window; what was ready by then is in the results.
    case expired
    case cancelling
    case cancelled

    public var isFinal: Bool {
        switch self {
        case .completed, .failed, .expired, .cancelled: true
        case .validating, .inProgress, .finalizing, .cancelling: false
        }
    }
}

/// What a client wants of a batch.
public struct BatchRequest: Sendable, Hashable {
    /// The file with a request in each line.
    public var inputFile: String
    /// The path that all requests are for.
    public var endpoint: String
    /// As the client said it.
    public var window: String
    public var metadata: [String: String]?
    /// Seconds for which the results are kept.
    public var resultLifetime: Int

    public init(
        inputFile: String, endpoint: String, window: String, metadata: [String: String]? = nil,
        resultLifetime: Int = FileStore.lifetime
    ) {
        self.inputFile = inputFile
        self.endpoint = endpoint
        self.window = window
        self.metadata = metadata
        self.resultLifetime = resultLifetime
    }
}

/// A request with what the daemon added. Written by the daemon alone.
public struct BatchOrder: Sendable, Hashable {
    public var id: String
    public var request: BatchRequest
    public var createdAt: Int
    public var expiresAt: Int
    /// When it was asked to end early.
    public var cancellingAt: Int?
}

/// How far the work is. Written by the worker while there is one.
public struct BatchProgress: Sendable, Hashable {
    /// Anything but `cancelling`.
    public var status = BatchStatus.validating
    /// What it becomes once the results have their names.
    var outcome: BatchStatus?
    public var total = 0
    public var completed = 0
    public var failed = 0
    public var problems: [BatchProblem] = []
    public var inProgressAt: Int?
    public var finalizingAt: Int?
    public var endedAt: Int?
    /// Answers; nil while it is not there, and where there are none.
    public var outputFile: String?
    /// Refusals; nil likewise.
    public var errorFile: String?

    public init() {}
}

public struct Batch: Sendable, Hashable {
    public var order: BatchOrder
    public var progress: BatchProgress

    public var status: BatchStatus {
        order.cancellingAt != nil && !progress.status.isFinal ? .cancelling : progress.status
    }
}
