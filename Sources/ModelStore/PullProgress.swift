// SPDX-License-Identifier: Apache-2.0
//
// What a pull tells its caller while it runs, and the limits it keeps to.

/// One moment of a pull or a verification.
public struct PullProgress: Sendable, Hashable {
    public enum Phase: String, Sendable {
        /// Asking the source what there is.
        case resolving
        /// The source cannot give the model; `message` says why, and the next source comes.
        case failed
        /// Another process pulls the same model.
        case waiting
        case downloading
        /// Checking what is on the disk.
        case verifying
        /// Unpacking, copying, linking.
        case installing
    }

    public let phase: Phase
    /// Where the model comes from, as in "hub sentence-transformers/all-MiniLM-L6-v2".
    public let source: String
    /// The file at work, relative to the model's folder.
    public let file: String?
    public let message: String?
    /// Bytes of the whole model that are done in this phase.
    public let completed: Int64
    /// Bytes of the whole model, where known.
    public let total: Int64?

    public init(
        phase: Phase, source: String, file: String? = nil, message: String? = nil, completed: Int64 = 0,
        total: Int64? = nil
    ) {
        self.phase = phase
        self.source = source
        self.file = file
        self.message = message
        self.completed = completed
        self.total = total
    }
}

public typealias PullObserver = @Sendable (PullProgress) -> Void

/// Time limits and the like. The defaults suit people and slow networks.
public struct PullPolicy: Sendable {
    /// For a connection to stand.
    public var connectTimeout: Duration = .seconds(10)
    /// For a small request from start to end.
    public var requestTimeout: Duration = .seconds(30)
    /// Without a single new byte a transfer is given up.
    public var stallTimeout: Duration = .seconds(30)
    /// As `stallTimeout`, for pip, which also searches its index in that time.
    public var installerStallTimeout: Duration = .seconds(180)
    /// Tries of one request or file before it counts as failed; a try that got further does not count.
    public var attempts = 4
    /// The pause before the second try; it doubles from try to try.
    public var backoff: Duration = .milliseconds(500)
    /// Free bytes on the file system of a path; nil where nothing says.
    public var availableBytes: @Sendable (String) -> Int64? = { freeSpace(at: $0) }

    public init() {}

    /// Bytes that this user may still write to the file system of a path.
    public static func freeSpace(at path: String) -> Int64? {
        Disk.availableBytes(path)
    }
}

extension PullPolicy {
    /// Fails before the first byte where it is plain that the last one will not fit.
    func requireSpace(_ bytes: Int64, at folder: String) throws(ModelStoreError) {
        let reserve: Int64 = 16 << 20
        guard bytes > 0, let free = availableBytes(folder), free < bytes + reserve else { return }
        throw ModelStoreError(
            .noSpace,
            "not enough space in '\(folder)': \(Self.megabytes(bytes)) needed, \(Self.megabytes(free)) free; "
                + "make room or put the folder on another disk")
    }

    /// "90.9 MB", in millions of bytes.
    static func megabytes(_ bytes: Int64) -> String {
        let tenths = (max(0, bytes) + 50_000) / 100_000
        return "\(tenths / 10).\(tenths % 10) MB"
    }
}
