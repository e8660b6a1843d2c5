// SPDX-License-Identifier: Apache-2.0
//
// How much the daemon yields to other programs, and its threads to each other:
// setpriority(2) and, on Linux, ioprio_set(2) and sched_setattr(2). Linux has
// them for each thread; a new one gets its maker's priorities.

import CPlatform
import Configuration
import Logging
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Lowers the priority as configured, for a process that has one thread so far: later ones get it from their makers, while
/// those that a thread is just making would be missed. What is wrong with the configuration is the start's to say.
public func lowerPriority(environment: [String: String]) {
    guard let settings = try? Settings(environment: environment) else { return }
    ProcessPriority.lower(
        settings.configuration.daemon, log: Logger(label: "", factory: { _ in SwiftLogNoOpLogHandler() }))
}

enum ProcessPriority {
    /// What the ids mean to the system.
    #if canImport(Glibc)
        private static let kind = __priority_which_t(PRIO_PROCESS.rawValue)
    #else
        private static let kind = PRIO_PROCESS
    #endif

    /// Lowers the priority of every thread there is, and so of those to come. What is refused stands in the log; a thread
    /// that has ended meanwhile does not.
    static func lower(_ daemon: Configuration.Daemon, log: Logger) {
        var refused: [String: Int32] = [:]
        for thread in threads() {
            if daemon.nice > 0 {
                // Never better than what the process was started with.
                let nice = max(Int32(daemon.nice), getpriority(kind, id_t(thread)))
                if setpriority(kind, id_t(thread), nice) != 0, errno != ESRCH { refused["daemon.nice"] = errno }
            }
            if let priority = hearth_io_priority(daemon.ioPriority) {
                let error = hearth_set_io_priority(thread, priority)
                if error != 0, error != ESRCH { refused["daemon.ionice"] = error }
            }
        }
        // Root may raise priorities, and libdispatch does so for threads that it makes.
        if daemon.nice > 0 { _ = hearth_keep_priority_low() }
        for (key, error) in refused {
            log.warning("\(key) has no effect: \(String(cString: strerror(error)))")
        }
    }

    /// The kernel's ids; 0 for the process as a whole.
    private static func threads() -> [pid_t] {
        guard let folder = opendir("/proc/self/task") else { return [0] }
        defer { closedir(folder) }
        var threads: [pid_t] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let thread = pid_t(name) { threads.append(thread) }
        }
        return threads
    }
}

extension MultiThreadedEventLoopGroup {
    /// One loop, whose thread need not wait until a compute thread's turn on the processor is over.
    static func promptLoop() -> MultiThreadedEventLoopGroup {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        // Where the system does not know such a thing, the loop is as prompt as any.
        group.next().execute { _ = hearth_take_short_turns() }
        return group
    }
}

extension hearth_io_priority {
    /// Nil for what every program has.
    fileprivate init?(_ priority: Configuration.IOPriority) {
        switch priority {
        case .default: return nil
        case .low: self = HEARTH_IO_LOW
        case .idle: self = HEARTH_IO_IDLE
        }
    }
}
