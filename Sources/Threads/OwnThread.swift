// SPDX-License-Identifier: Apache-2.0
//
// Blocking work for those who wait as tasks do.

/// Runs blocking work on a new thread and waits for it without holding a thread of the caller's pool.
///
/// Where the system has no thread left, the work runs on the caller's.
public func onOwnThread<Value: Sendable, Failure: Error>(
    named name: String, _ work: @escaping @Sendable () throws(Failure) -> Value
) async throws(Failure) -> Value {
    typealias Outcome = Result<Value, Failure>
    let result = await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
        let body: @Sendable () -> Void = {
            continuation.resume(returning: Outcome { () throws(Failure) -> Value in try work() })
        }
        if !startThread(named: name, body) { body() }
    }
    return try result.get()
}
