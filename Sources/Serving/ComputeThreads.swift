// SPDX-License-Identifier: Apache-2.0
//
// The threads that do inference and nothing else, so that no event loop and no
// cooperative thread ever computes. Idle threads sleep; they never spin.

import Dispatch
public import Inference
import Synchronization
import Threads

public final class ComputeThreads: Sendable {
    /// A piece of work bounded in time; it gets the workspace of the thread it runs on.
    typealias Work = @Sendable (Workspace) -> Void

    private struct Item {
        let ticket: UInt64
        let work: Work
        let abandon: @Sendable () -> Void
    }

    private struct State {
        var lanes: [[Item]] = Array(repeating: [], count: Lane.allCases.count)
        /// Index of the first item of each lane that has not been taken.
        var heads: [Int] = Array(repeating: 0, count: Lane.allCases.count)
        var nextTicket: UInt64 = 0
        var running = 0
        /// Moving average of what one piece of work took.
        var typicalTime: Duration = .zero

        var queued: Int { zip(lanes, heads).reduce(0) { $0 + $1.0.count - $1.1 } }

        mutating func take() -> Item? {
            for lane in lanes.indices where heads[lane] < lanes[lane].count {
                let item = lanes[lane][heads[lane]]
                heads[lane] += 1
                if heads[lane] * 2 > lanes[lane].count {
                    lanes[lane].removeFirst(heads[lane])
                    heads[lane] = 0
                }
                return item
            }
            return nil
        }

        mutating func remove(_ ticket: UInt64, from lane: Lane) -> Item? {
            let index = lanes[lane.rawValue].indices.dropFirst(heads[lane.rawValue])
                .first { lanes[lane.rawValue][$0].ticket == ticket }
            return index.map { lanes[lane.rawValue].remove(at: $0) }
        }
    }

    public let count: Int
    private let state = Mutex(State())
    private let available = DispatchSemaphore(value: 0)
    private let team: ComputeTeam

    /// Starts a thread per core that this process may use; they live as long as the process.
    public init(count: Int = Processors.computeThreads) {
        self.count = count
        team = ComputeTeam(size: count)
        for index in 0..<count {
            let isRunning = startThread(named: "compute-\(index)") { self.compute() }
            precondition(isRunning || index > 0, "the system has no thread left to compute on")
        }
    }

    /// What a thread does all its life.
    private func compute() {
        let workspace = Workspace()
        while true {
            available.wait()
            let item = state.withLock { state in
                let item = state.take()
                if item != nil { state.running += 1 }
                return item
            }
            // What was cancelled in the queue has left its signal behind.
            guard let item else { continue }
            let start = ContinuousClock.now
            item.work(workspace)
            let time = ContinuousClock.now - start
            state.withLock { state in
                state.running -= 1
                state.typicalTime += (time - state.typicalTime) / 16
            }
        }
    }

    /// Pieces of work that wait, and that run now.
    public var load: (queued: Int, running: Int) { state.withLock { ($0.queued, $0.running) } }

    /// Asked by the only work there is: threads that would else be idle and can share its forward pass.
    var idleTeam: ComputeTeam? {
        state.withLock { $0.running == 1 && $0.queued == 0 } ? team : nil
    }

    /// How long this many pieces of work take at the rate measured so far.
    func estimate(for pieces: Int) -> Duration {
        state.withLock { $0.typicalTime } * pieces / count
    }

    /// Runs work on a compute thread. Work that has not begun when the task is cancelled never runs.
    public func run<Value: Sendable>(
        in lane: Lane, _ work: @escaping @Sendable (Workspace) throws(ServingError) -> Value
    ) async throws(ServingError) -> Value {
        try await result(in: lane, work).get()
    }

    /// As `run`, with a failure as a value.
    func result<Value: Sendable>(
        in lane: Lane, _ work: @escaping @Sendable (Workspace) throws(ServingError) -> Value
    ) async -> Result<Value, ServingError> {
        let ticket = state.withLock { state in
            state.nextTicket += 1
            return state.nextTicket
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let item = Item(
                    ticket: ticket,
                    work: { workspace in
                        continuation.resume(returning: Result { () throws(ServingError) in try work(workspace) })
                    },
                    abandon: { continuation.resume(returning: .failure(.cancelledInQueue)) })
                state.withLock { $0.lanes[lane.rawValue].append(item) }
                // A cancellation that came before the item was queued found nothing to remove.
                if Task.isCancelled { cancel(ticket, in: lane) }
                available.signal()
            }
        } onCancel: {
            cancel(ticket, in: lane)
        }
    }

    private func cancel(_ ticket: UInt64, in lane: Lane) {
        state.withLock { $0.remove(ticket, from: lane) }?.abandon()
    }
}

extension ServingError {
    static let cancelledInQueue = ServingError(.cancelled, "the request was cancelled before it was computed")
}
