// SPDX-License-Identifier: Apache-2.0
//
// How a daemon tells the process that started it how the start went: one line
// on a descriptor it inherited.

import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public final class ReadinessPipe: Sendable {
    private let descriptor: Mutex<Int32?>

    /// - Parameter descriptor: nil when nobody waits.
    public init(descriptor: Int32?) {
        self.descriptor = Mutex(descriptor)
        if let descriptor { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    }

    public enum Report {
        case listening
        /// Another daemon serves this socket already.
        case running
        case failed(String)

        var line: String {
            switch self {
            case .listening: "listening\n"
            case .running: "running\n"
            case .failed(let reason): "error: \(reason.split(separator: "\n").joined(separator: " "))\n"
            }
        }
    }

    /// Only the first report counts.
    public func report(_ report: Report) {
        guard let descriptor = descriptor.withLock({ $0.take() }) else { return }
        // Whoever waited may have given up; that is not the daemon's concern.
        _ = Array(report.line.utf8).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
    }
}
