// SPDX-License-Identifier: Apache-2.0
//
// SIGTERM and SIGINT ask the daemon to stop; a second one does not wait.

import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct TerminationSignals {
    private let sources: [any DispatchSourceSignal]

    /// - Parameter handler: called with true from the second signal on.
    init(_ handler: @escaping @Sendable (_ isRepeated: Bool) -> Void) {
        let count = SignalCount()
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { handler(count.next() > 1) }
            source.resume()
            return source
        }
    }

    func cancel() { for source in sources { source.cancel() } }
}

private final class SignalCount: Sendable {
    private let count = Atomic(0)

    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}
