// SPDX-License-Identifier: Apache-2.0
//
// A load that is under way, and those who wait for it.

import CPlatform
import Inference
import Synchronization

final class Load: Sendable {
    typealias Outcome = Result<ResidentModel, ServingError>

    private struct State {
        var handlers: [ModelPool.ProgressHandler] = []
        var waiting: [Int: CheckedContinuation<Outcome, Never>] = [:]
        var next = 0
        var outcome: Outcome?
    }

    private let state = Mutex(State())

    func add(_ handler: @escaping ModelPool.ProgressHandler) { state.withLock { $0.handlers.append(handler) } }

    func report(_ progress: LoadProgress) {
        for handler in state.withLock({ $0.handlers }) { handler(progress) }
    }

    func finish(_ outcome: Outcome) {
        let waiting = state.withLock { state in
            state.outcome = outcome
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for continuation in waiting { continuation.resume(returning: outcome) }
    }

    /// Waits for the end of the load or of the task, whichever is first. The load goes on without the task.
    func wait() async -> Outcome {
        let ticket = state.withLock { state in
            state.next += 1
            return state.next
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let outcome = state.withLock { state -> Outcome? in
                    if let outcome = state.outcome { return outcome }
                    if Task.isCancelled { return .failure(.cancelledWhileLoading) }
                    state.waiting[ticket] = continuation
                    return nil
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: ticket) }?
                .resume(returning: .failure(.cancelledWhileLoading))
        }
    }
}

/// One caller's wait for a load.
struct LoadWait: Sendable {
    let load: Load
    let deadline: ContinuousClock.Instant?

    func value() async throws(ServingError) -> ResidentModel {
        guard let deadline else { return try await load.wait().get() }
        guard deadline > .now else { throw .deadlineWhileLoading }
        let outcome = await withTaskGroup(of: Load.Outcome.self) { group in
            group.addTask { await load.wait() }
            group.addTask { await failure(at: deadline) }
            let first = await group.next() ?? .failure(.cancelledWhileLoading)
            group.cancelAll()
            return first
        }
        return try outcome.get()
    }

    private func failure(at deadline: ContinuousClock.Instant) async -> Load.Outcome {
        do {
            try await Task.sleep(until: deadline, clock: .continuous)
            return .failure(.deadlineWhileLoading)
        } catch {
            return .failure(.cancelledWhileLoading)
        }
    }
}

/// Models on their way out.
final class Leaving: Sendable {
    private let models: Mutex<[ResidentModel]>

    init(_ models: consuming [ResidentModel]) { self.models = Mutex(models) }

    func drop() {
        models.withLock { $0 = [] }
        hearth_release_free_memory()
    }
}

extension ServingError {
    static let cancelledWhileLoading = ServingError(.cancelled, "the request was cancelled while its model was loaded")
    static let deadlineWhileLoading = ServingError(
        .deadlineExceeded, "the deadline passed while the model was loaded; try again later")
}
