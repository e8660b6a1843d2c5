// SPDX-License-Identifier: Apache-2.0
//
// Threads for work that blocks or computes, which must not happen on Swift's
// cooperative threads: there are only as many of those as cores.

import CPlatform

/// Starts a detached thread. A system that has no threads left is out of what Hearth cannot do without.
func startThread(named name: String, _ body: @escaping @Sendable () -> Void) {
    let context = Unmanaged.passRetained(Body(run: body)).toOpaque()
    let result = hearth_start_thread(
        name,
        { context in
            guard let context else { return }
            Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        }, context)
    precondition(result == 0, "cannot start the thread '\(name)': error \(result)")
}

private final class Body: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) { self.run = run }
}
