// SPDX-License-Identifier: Apache-2.0
//
// Waits until the registry's write-ahead log is on the disk, also where that
// fails at first. What is in the log it does not know.

internal import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class WriteAheadLog: Sendable {
    private struct State {
        /// Kept open, because a write that fails after its call is only told to those who have the file open then.
        var descriptor: Int32 = -1
        /// The system said that it could not write something. It forgets that, and what it could not write, with the
        /// telling: from then on all seems well.
        var isDamaged = false
    }

    private let path: String
    private let state = Mutex(State())

    init(_ path: String) { self.path = path }

    deinit {
        let descriptor = state.withLock(\.descriptor)
        if descriptor >= 0 { close(descriptor) }
    }

    /// Waits until all that was written is on the disk; nothing where there is no log yet.
    /// - Parameter rewrite: writes what is in the log to another file, waits until that is on the disk, and empties the
    ///   log. Called until it succeeds, where the log could not be written.
    func sync(orElse rewrite: () throws(JobsError) -> Void) throws(JobsError) {
        try state.withLock { (state) throws(JobsError) in
            if state.descriptor < 0 { state.descriptor = open(path, O_RDONLY | O_CLOEXEC) }
            guard state.descriptor >= 0 else {
                if errno == ENOENT { return }
                throw Files.error("open", path)
            }
            if !state.isDamaged, Self.isSynced(state.descriptor) { return }
            state.isDamaged = true
            try rewrite()
            state.isDamaged = false
        }
    }

    private static func isSynced(_ descriptor: Int32) -> Bool {
        #if os(Linux)
            fdatasync(descriptor) == 0
        #else
            fsync(descriptor) == 0
        #endif
    }
}
