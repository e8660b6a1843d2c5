// SPDX-License-Identifier: Apache-2.0
//
// What signals ask of the daemon. From the moment this exists none is lost: it
// waits in a pipe.

import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where the signal handler writes, which may do little else.
private let signalPipe = Atomic<Int32>(-1)

private let handledSignals = [SIGTERM, SIGINT, SIGHUP]

/// Undoes what the process that started this one may have blocked, as threads of Dispatch's pools do. To be called on
/// the main thread before there are others: the mask is each thread's own, and the pools' threads take no signals.
public func unblockTerminationSignals() {
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in handledSignals { sigaddset(&signals, number) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
}

final class ProcessSignals {
    enum Request: Sendable {
        /// SIGTERM or SIGINT: end, after what is in flight; a second one does not wait.
        case stop(isRepeated: Bool)
        /// SIGHUP: read the configuration again.
        case reload
    }

    /// The pipe's end to read from.
    private let descriptor: Int32
    /// Made when there is a handler: a source that was never active must not be let go.
    private var source: (any DispatchSourceRead)?

    init() throws(StartupError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw StartupError("cannot make a pipe", errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        signalPipe.store(ends[1], ordering: .sequentiallyConsistent)
        descriptor = ends[0]
        for number in handledSignals {
            signal(number) { number in
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(signalPipe.load(ordering: .relaxed), &byte, 1)
            }
        }
    }

    /// Calls the handler for every signal, those that came already included.
    func handle(_ handler: @escaping @Sendable (Request) -> Void) {
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor)
        source.setEventHandler { [descriptor, counter = StopCount()] in
            var byte: UInt8 = 0
            guard read(descriptor, &byte, 1) == 1 else { return }
            handler(Int32(byte) == SIGHUP ? .reload : .stop(isRepeated: counter.next() > 1))
        }
        source.activate()
        self.source = source
    }

    deinit { source?.cancel() }
}

private final class StopCount: Sendable {
    private let count = Atomic(0)

    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}
