// SPDX-License-Identifier: Apache-2.0
//
// Long file work on a thread of its own, so that it never occupies one of the
// few threads on which all tasks run.

import Threads

/// Runs blocking work on a new thread and waits for it without holding a thread of the caller's pool.
func onOwnThread<Value: Sendable>(
    _ work: @escaping @Sendable () throws(ModelStoreError) -> Value
) async throws(ModelStoreError) -> Value {
    typealias Outcome = Result<Value, ModelStoreError>
    let result = await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
        let body: @Sendable () -> Void = {
            continuation.resume(returning: Result { () throws(ModelStoreError) -> Value in try work() })
        }
        // Where the system has no thread left, the work runs on the caller's.
        if !startThread(named: "store", body) { body() }
    }
    return try result.get()
}
