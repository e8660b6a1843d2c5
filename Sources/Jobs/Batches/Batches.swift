// SPDX-License-Identifier: Apache-2.0
//
// Batches as jobs: each is one job with one step, which is started again after
// a crash without anybody asking, because clients of batches cannot.

internal import CPlatform
internal import JSON
internal import Synchronization
internal import Threads

extension JobEngine {
    public var batches: Batches { Batches(engine: self) }
}

public struct Batches: Sendable {
    /// Batches that are remembered.
    public static let maximumBatches = 10_000
    /// Seconds until a batch expires: the one window there is, 24 hours.
    public static let window = 86_400
    /// How often a step that fails by itself is started, and one that was interrupted.
    private static let maximumAttempts = (failed: 3, interrupted: 100)
    private static let step = "answer"

    let engine: JobEngine

    private var files: FileStore { engine.files }
    private var root: String { engine.files.root }

    private func folder(_ id: String) -> BatchFolder { BatchFolder(root: root, id: id) }

    /// Work that waits for the disk.
    private func onDisk<Value: Sendable>(
        _ work: @escaping @Sendable () throws(JobsError) -> Value
    ) async throws(JobsError) -> Value {
        try await onOwnThread(named: "batches", work)
    }

    // MARK: Asking

    /// - Throws: `.notFound`
    public func batch(_ id: String) async throws(JobsError) -> Batch {
        let batch = try await read(id)
        if batch.status.isFinal { return batch }
        // Where the engine's word got lost.
        await settle(id)
        return try await read(id)
    }

    private func read(_ id: String) async throws(JobsError) -> Batch {
        let folder = folder(id)
        return try await onDisk { () throws(JobsError) in
            guard BatchFolder.isID(id), let batch = folder.batch() else {
                throw JobsError(.notFound, "there is no batch '\(id.utf8.count > 64 ? id.prefix(64) + "…" : id[...])'")
            }
            return batch
        }
    }

    /// All of them, the oldest first.
    public func list() async throws(JobsError) -> [Batch] {
        let root = root
        return try await onDisk { () throws(JobsError) in
            BatchFolder.all(in: root).compactMap { $0.batch() }.sorted {
                ($0.order.createdAt, $0.order.id) < ($1.order.createdAt, $1.order.id)
            }
        }
    }

    // MARK: Changing

    /// Takes in a batch. When this returns, it is durable.
    /// - Throws: `.notFound` where there is no such file, `.noSpace`, `.overloaded`, `.shuttingDown`.
    public func create(_ request: BatchRequest) async throws(JobsError) -> Batch {
        let (files, root) = (files, root)
        let folder = folder(RandomName.make(BatchFolder.prefix))
        _ = engine.newBatches.withLock { $0.insert(folder.id) }
        defer { _ = engine.newBatches.withLock { $0.remove(folder.id) } }
        let order = try await onDisk { () throws(JobsError) in
            let count = Self.removeOld(in: root)
            guard count < Self.maximumBatches else {
                throw JobsError(.noSpace, "\(count) batches are remembered, and no more can be; they go after 30 days")
            }
            try files.checkRoom()
            let now = WallClock.seconds
            let order = BatchOrder(
                id: folder.id, request: request, createdAt: now, expiresAt: now + Self.window)
            do throws(JobsError) {
                try Files.makeFolder(folder.path)
                try files.link(request.inputFile, to: folder.input)
                try folder.save(order)
            } catch {
                Files.remove(folder.path)
                throw error
            }
            return order
        }
        do throws(JobsError) {
            try await submit(order)
        } catch {
            try? await onDisk { () throws(JobsError) in Files.remove(folder.path) }
            throw error
        }
        return Batch(order: order, progress: BatchProgress())
    }

    private func submit(_ order: BatchOrder) async throws(JobsError) {
        let folder = folder(order.id)
        // JSON is YAML.
        let source: JSONValue = [
            "name": .string("embeddings of \(order.request.inputFile)"), "key": .string(order.id),
            "steps": [
                [
                    "id": .string(Self.step), "timeout": .integer(Int64(2 * Self.window)),
                    "run": .array((engine.settings.batchWorker + [folder.path]).map(JSONValue.string)),
                ]
            ],
        ]
        _ = try await engine.submit(
            JobSubmission(
                source: source.description, file: "\(order.id).yaml", folder: folder.path,
                environment: engine.settings.workerEnvironment))
    }

    /// Ends a batch; what is ready becomes its results.
    /// - Throws: `.notFound`, `.notResumable` where it has ended otherwise.
    public func cancel(_ id: String) async throws(JobsError) -> Batch {
        let batch = try await batch(id)
        if batch.progress.status == .cancelled { return batch }
        guard !batch.status.isFinal else {
            throw JobsError(.notResumable, "batch '\(id)' is \(batch.status.rawValue), so it cannot be cancelled")
        }
        if batch.order.cancellingAt == nil {
            let folder = folder(id)
            try await onDisk { () throws(JobsError) in
                var order = batch.order
                order.cancellingAt = WallClock.seconds
                try folder.save(order)
            }
        }
        await settle(id)
        return try await read(id)
    }

    // MARK: Going on

    /// Goes on with the batches of an engine before, and sees to those that come, until the engine ends.
    public func run() async {
        let events = engine.events()
        let root = root
        let ids = try? await onDisk { () throws(JobsError) in
            _ = Self.removeOld(in: root)
            return BatchFolder.all(in: root).filter { $0.batch().map { !$0.status.isFinal } ?? false }.map(\.id)
        }
        for id in ids ?? [] { await settle(id) }
        for await event in events {
            guard case .job(let state, _) = event.change, state.isFinished, BatchFolder.isID(event.job) else {
                continue
            }
            await settle(event.job)
        }
    }

    /// Sees what became of the job of a batch that is not finished, and what is to be done about it. What cannot be done
    /// now is done when somebody asks again.
    private func settle(_ id: String) async {
        let isNew = engine.newBatches.withLock { $0.contains(id) }
        guard let batch = try? await read(id), !batch.status.isFinal else { return }
        let isCancelled = batch.order.cancellingAt != nil
        do throws(JobsError) {
            let details = try await engine.status(id)
            let attempts = details.steps.first?.attempts ?? 0
            switch details.job.state {
            case .queued, .running, .paused:
                if isCancelled { try await engine.cancel(id) }
            case .completed, .failed, .cancelled:
                if isCancelled { return try await end(id, as: .cancelled) }
                let isInterrupted = details.job.wasInterrupted
                let maximum = isInterrupted ? Self.maximumAttempts.interrupted : Self.maximumAttempts.failed
                if details.job.state == .cancelled, !isInterrupted { return try await end(id, as: .cancelled) }
                if details.job.state != .completed, attempts < maximum { return _ = try await engine.resume(id) }
                let reason = details.job.reason ?? "the worker ended too early"
                try await end(id, as: .failed, because: BatchProblem("server_error", reason))
            }
        } catch  where error.code == .notFound {
            // Whoever takes it in submits it, or removes it.
            if isNew { return }
            // It was not submitted before the engine ended, or was forgotten.
            if isCancelled { try? await end(id, as: .cancelled) } else { try? await submit(batch.order) }
        } catch {}
    }

    /// Makes results of what is there, where no worker will any more.
    private func end(_ id: String, as outcome: BatchStatus, because problem: BatchProblem? = nil)
        async throws(JobsError)
    {
        let (folder, files) = (folder(id), files)
        try await onDisk { () throws(JobsError) in
            do {
                _ = try folder.locked {
                    var progress = folder.progress()
                    guard let order = folder.order(), !progress.status.isFinal else { return }
                    if progress.status == .inProgress {
                        progress.completed = try ResultFile(folder.output).ids.count
                        progress.failed = try ResultFile(folder.errors).ids.count
                    }
                    if let problem { progress.problems.append(problem) }
                    try folder.finish(order, &progress, as: outcome, files: files)
                }
            } catch let error as JobsError {
                throw error
            } catch {
                throw JobsError(.fileSystem, "\(error)")
            }
        }
    }

    /// Forgets batches that ended long ago.
    /// - Returns: how many are left.
    private static func removeOld(in root: String) -> Int {
        let all = BatchFolder.all(in: root)
        let now = WallClock.seconds
        var count = all.count
        for folder in all {
            guard let ended = folder.progress().endedAt, ended + FileStore.lifetime <= now else { continue }
            Files.remove(folder.path)
            count -= 1
        }
        return count
    }
}
