// SPDX-License-Identifier: Apache-2.0
//
// Work that nobody shares a batch with: the same step for each of some units,
// with a value for each.

public import Inference
import Synchronization

private final class UnitsOrder<Value: Sendable>: Order {
    typealias Step = @Sendable (Int, ComputeContext) throws(ServingError) -> Value

    typealias Continuation = CheckedContinuation<Result<[Value], ServingError>, Never>

    private struct State {
        var values: [Value?]
        var missing: Int
        var continuation: Continuation?
    }

    private let step: Step
    private let state: Mutex<State>

    init(count: Int, continuation: Continuation, step: @escaping Step) {
        self.step = step
        state = Mutex(
            State(values: Array(repeating: nil, count: count), missing: count, continuation: continuation))
    }

    func run(_ parts: [OrderPart], _ context: ComputeContext) {
        for unit in parts.flatMap(\.units) {
            guard state.withLock({ $0.continuation != nil }) else { return }
            do throws(ServingError) {
                finish(unit, try step(unit, context))
            } catch {
                return abandon(error)
            }
        }
    }

    private func finish(_ unit: Int, _ value: Value) {
        let finished = state.withLock { state -> (Continuation, [Value])? in
            state.values[unit] = value
            state.missing -= 1
            guard state.missing == 0, let continuation = state.continuation.take() else { return nil }
            return (continuation, state.values.compactMap { $0 })
        }
        if let (continuation, values) = finished { continuation.resume(returning: .success(values)) }
    }

    func abandon(_ error: ServingError) {
        state.withLock { $0.continuation.take() }?.resume(returning: .failure(error))
    }
}

extension ComputeThreads {
    /// Runs a step for each unit, in batches of one; values keep the order. The first failure ends it all, and what has
    /// not begun when the task is cancelled never runs.
    /// - Parameter sizes: what each unit costs, in tokens of a model.
    func each<Value: Sendable>(
        sizes: [Int], _ terms: Terms, step: @escaping @Sendable (Int, ComputeContext) throws(ServingError) -> Value
    ) async throws(ServingError) -> [Value] {
        guard !sizes.isEmpty else { return [] }
        let withdrawal = Withdrawal()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let order = UnitsOrder(count: sizes.count, continuation: continuation, step: step)
                withdrawal.set(submit(order, sizes: sizes, group: nil, terms: terms), order, in: self)
            }
        } onCancel: {
            withdrawal.withdraw()
        }
        if case .failure = result { withdrawal.forget() }
        return try result.get()
    }

    /// Runs one step on a compute thread. One that has not begun when the task is cancelled never runs.
    public func run<Value: Sendable>(
        in lane: Lane, _ step: @escaping @Sendable (Workspace) throws(ServingError) -> Value
    ) async throws(ServingError) -> Value {
        let values = try await each(sizes: [1], Terms(lane: lane)) { _, context throws(ServingError) in
            try step(context.workspace)
        }
        guard let value = values.first else { throw .cancelledInQueue }
        return value
    }
}
