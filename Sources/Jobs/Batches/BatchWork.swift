// SPDX-License-Identifier: Apache-2.0
//
// The work of a batch: its file is checked, its requests are answered, the
// answers become files. Whatever ends it, it goes on with what has no answer
// yet. Who answers it does not know.

public import JSON

/// Whoever answers requests; several may be on their way.
public protocol BatchEndpoint {
    /// Takes in a request.
    /// - Parameter body: an object.
    mutating func send(_ body: JSONValue) throws
    /// Waits for the answer to the oldest request that has none.
    mutating func receive() throws -> BatchAnswer
}

/// What HTTP would have answered.
public struct BatchAnswer: Sendable, Hashable {
    public var status: Int
    /// JSON.
    public var body: [UInt8]

    public init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}

public struct BatchWork {
    /// What its process is called as.
    public static let verb = "answer-batch"

    /// Requests on their way, and bytes of those. The daemon takes as many of a connection at a time: it never stops
    /// reading, so that nobody waits for the other to read first.
    private static let window = (requests: 64, bytes: 1 << 20)
    private static let checkpointPause = Duration.milliseconds(500)

    private let folder: BatchFolder
    private let files: FileStore
    private let now: () -> Int

    /// - Parameters:
    ///   - path: the folder of the batch.
    ///   - now: seconds since 1970.
    /// - Throws: `.invalid`
    public init(_ path: String, now: (() -> Int)? = nil) throws(JobsError) {
        guard let folder = BatchFolder(path: path) else {
            throw JobsError(.invalid, "'\(path)' is not the folder of a batch")
        }
        self.folder = folder
        files = FileStore(root: folder.root)
        self.now = now ?? { WallClock.seconds }
    }

    /// Does what is not done yet.
    /// - Parameter notify: hears how far it is, for `Notice.line` on standard output.
    /// - Throws: `JobsError`, or what the endpoint throws; the work can be gone on with then.
    public func run(_ endpoint: inout some BatchEndpoint, notify: (Notice) -> Void = { _ in }) throws -> Batch {
        let batch = try folder.locked { try work(&endpoint, notify) }
        guard let batch else { throw JobsError(.alreadyRunning, "another process works on '\(folder.path)'") }
        return batch
    }

    private func work(_ endpoint: inout some BatchEndpoint, _ notify: (Notice) -> Void) throws -> Batch {
        guard let order = folder.order() else { throw JobsError(.notFound, "there is no batch in '\(folder.path)'") }
        var progress = folder.progress()
        if progress.status == .validating { try check(order, &progress) }
        if progress.status == .inProgress {
            var run = try Run(order: order, progress: progress, output: folder.output, errors: folder.errors)
            try answer(&run, &endpoint, notify)
            progress = run.progress
            let outcome: BatchStatus = run.hasExpired ? .expired : .completed
            try folder.finish(order, &progress, as: outcome, files: files)
        } else if progress.status == .finalizing {
            try folder.finish(order, &progress, as: .completed, files: files)
        }
        return Batch(order: order, progress: progress)
    }

    private func check(_ order: BatchOrder, _ progress: inout BatchProgress) throws {
        let (count, problems) = try BatchInput.check(folder.input, endpoint: order.request.endpoint)
        progress.problems = problems
        if problems.isEmpty {
            progress.total = count
            progress.inProgressAt = now()
            progress.status = .inProgress
        } else {
            progress.endedAt = now()
            progress.status = .failed
        }
        try folder.save(progress)
        if !problems.isEmpty { Files.remove(folder.input) }
    }

    // MARK: Answers

    private struct Run {
        let order: BatchOrder
        var progress: BatchProgress
        let output: ResultFile
        let errors: ResultFile
        /// Requests on their way: their names, and bytes.
        var pending: [(id: String, bytes: Int)] = []
        var pendingBytes = 0
        var hasExpired = false
        var checkpoint = MonotonicClock.now

        init(order: BatchOrder, progress: BatchProgress, output: String, errors: String) throws(JobsError) {
            self.order = order
            self.progress = progress
            self.output = try ResultFile(output)
            self.errors = try ResultFile(errors)
        }

        func isDone(_ id: String) -> Bool { output.ids.contains(id) || errors.ids.contains(id) }
    }

    private func answer(
        _ run: inout Run, _ endpoint: inout some BatchEndpoint, _ notify: (Notice) -> Void
    ) throws {
        let input = try BatchInput(folder.input, endpoint: run.order.request.endpoint)
        try save(&run, notify)
        while let request = try input.next() {
            // It was checked, so nothing is wrong with it.
            guard case .success(let line) = request, !run.isDone(line.id) else { continue }
            if run.hasExpired || now() >= run.order.expiresAt {
                run.hasExpired = true
                try run.errors.append(line.id, ResultLine.expired(line.id))
                continue
            }
            let bytes = line.body.encoded().count
            while run.pending.count >= Self.window.requests
                || !run.pending.isEmpty && run.pendingBytes + bytes > Self.window.bytes
            {
                try receive(&run, &endpoint)
            }
            try endpoint.send(line.body)
            run.pending.append((line.id, bytes))
            run.pendingBytes += bytes
            if MonotonicClock.now - run.checkpoint >= Self.checkpointPause { try save(&run, notify) }
        }
        while !run.pending.isEmpty {
            try receive(&run, &endpoint)
            if MonotonicClock.now - run.checkpoint >= Self.checkpointPause { try save(&run, notify) }
        }
        try save(&run, notify)
    }

    private func receive(_ run: inout Run, _ endpoint: inout some BatchEndpoint) throws {
        let answer = try endpoint.receive()
        let (id, bytes) = run.pending.removeFirst()
        run.pendingBytes -= bytes
        let file = (200..<300).contains(answer.status) ? run.output : run.errors
        try file.append(id, ResultLine.answer(id, answer))
    }

    /// Puts on the disk what is there, and says so.
    private func save(_ run: inout Run, _ notify: (Notice) -> Void) throws {
        try run.output.sync()
        try run.errors.sync()
        try files.checkRoom()
        run.progress.completed = run.output.ids.count
        run.progress.failed = run.errors.ids.count
        try folder.save(run.progress)
        notify(.progress(done: run.progress.completed + run.progress.failed, total: run.progress.total))
        run.checkpoint = MonotonicClock.now
    }
}

/// A line of the results
/// (https://platform.openai.com/docs/api-reference/batch/request-output).
private enum ResultLine {
    static func answer(_ id: String, _ answer: BatchAnswer) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: answer.body.count + 256)
        begin(&writer, id)
        writer.key("response")
        writer.beginObject()
        writer.key("status_code")
        writer.integer(answer.status)
        writer.key("request_id")
        writer.string(RandomName.make("req_"))
        writer.key("body")
        writer.raw(answer.body)
        writer.endObject()
        writer.key("error")
        writer.null()
        writer.endObject()
        return writer.bytes
    }

    static func expired(_ id: String) -> [UInt8] {
        var writer = JSONWriter()
        begin(&writer, id)
        writer.key("response")
        writer.null()
        writer.key("error")
        writer.value([
            "code": "batch_expired",
            "message": "This request could not be executed before the completion window expired.",
        ])
        writer.endObject()
        return writer.bytes
    }

    private static func begin(_ writer: inout JSONWriter, _ id: String) {
        writer.beginObject()
        writer.key("id")
        writer.string(RandomName.make("batch_req_"))
        writer.key("custom_id")
        writer.string(id)
    }
}
