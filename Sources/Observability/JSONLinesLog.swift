// SPDX-License-Identifier: Apache-2.0
//
// A log of one JSON object per line, in a file or on standard error, whose last
// lines can be followed live and whose level can be changed while it runs.

public import JSON
public import Logging
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public final class JSONLinesLog: Sendable {
    /// The last lines.
    public let ring: LogRing
    /// Nil for standard error.
    private let file: Mutex<LogFile?>
    private let minimumLevel: Mutex<Logger.Level>

    /// - Parameter path: nil for standard error, which is not turned over. Missing folders above are made.
    public init(
        path: String?, rotation: LogRotation = LogRotation(), level: Logger.Level = .info, ring: LogRing = LogRing()
    ) throws(LogFileError) {
        if let path {
            file = Mutex(try LogFile(path: path, rotation: rotation))
        } else {
            file = Mutex(nil)
        }
        minimumLevel = Mutex(level)
        self.ring = ring
    }

    /// Messages below it are not logged. Counts at once for every logger that has no level of its own.
    public var level: Logger.Level {
        get { minimumLevel.withLock { $0 } }
        set { minimumLevel.withLock { $0 = newValue } }
    }

    public func append(_ entry: JSONValue) {
        let line = entry.encoded() + [UInt8(ascii: "\n")]
        file.withLock { file in
            guard file == nil else {
                file?.append(line)
                return
            }
            // A log that cannot be written must not stop the daemon.
            _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        }
        ring.append(entry)
    }
}
