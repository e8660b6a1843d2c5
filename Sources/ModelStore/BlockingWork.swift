// SPDX-License-Identifier: Apache-2.0
//
// Long file work on a thread of its own, so that it never occupies one of the
// few threads on which all tasks run.

import CPlatform

/// Runs blocking work on a new thread and waits for it without holding a thread of the caller's pool.
func onOwnThread<Value: Sendable>(
    _ work: @escaping @Sendable () throws(ModelStoreError) -> Value
) async throws(ModelStoreError) -> Value {
    typealias Outcome = Result<Value, ModelStoreError>
    let result = await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
        let body = Body {
            continuation.resume(returning: Result { () throws(ModelStoreError) -> Value in try work() })
        }
        let context = Unmanaged.passRetained(body)
        let status = hearth_start_thread(
            "hearth-store",
            { context in
                if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
            }, context.toOpaque())
        // Where the system has no thread left, the work runs on the caller's.
        if status != 0 { context.takeRetainedValue().run() }
    }
    return try result.get()
}

private final class Body: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}
