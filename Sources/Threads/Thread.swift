// SPDX-License-Identifier: Apache-2.0
//
// Threads of one's own, for work that blocks or computes: it must not happen on
// Swift's cooperative threads, of which there are only as many as cores.

import CPlatform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Starts a detached thread under a name that debuggers and `top -H` show.
/// - Returns: false when the system has no thread left; `body` was not run then.
public func startThread(named name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
    let context = Unmanaged.passRetained(Body(run: body))
    let result = hearth_start_thread(
        name,
        { context in
            guard let context else { return }
            Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        }, context.toOpaque())
    if result != 0 { context.release() }
    return result == 0
}

/// Lets whoever waits for this processor have it, between two pieces of long work: else they would wait until the
/// thread's turn is over, which may be two ticks of the kernel's clock. Costs nothing to speak of when nobody waits.
public func yieldProcessor() { sched_yield() }

private final class Body: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) { self.run = run }
}
