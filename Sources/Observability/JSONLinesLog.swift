// SPDX-License-Identifier: Apache-2.0
//
// A log of one JSON object per line, in a file that is turned over when it is
// large, or on standard error.

public import JSON
public import Logging
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public final class JSONLinesLog: Sendable {
    /// A file larger than this becomes `PATH.1`, and a new one begins.
    static let maximumSize = 8 << 20

    private struct File: ~Copyable {
        var descriptor: Int32
        var size: Int

        deinit { if descriptor != STDERR_FILENO { close(descriptor) } }
    }

    private let path: String?
    private let file: Mutex<File>

    /// - Parameter path: nil for standard error. Missing folders above are made.
    public init(path: String?) throws(LogFileError) {
        self.path = path
        file = Mutex(try Self.open(path))
    }

    private static func open(_ path: String?) throws(LogFileError) -> File {
        guard let path else { return File(descriptor: STDERR_FILENO, size: 0) }
        if let slash = path.lastIndex(of: "/") { makeFolder(String(path[..<slash])) }
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw LogFileError(description: "cannot write the log '\(path)': \(String(cString: strerror(errno)))")
        }
        var status = stat()
        fstat(descriptor, &status)
        return File(descriptor: descriptor, size: Int(status.st_size))
    }

    private static func makeFolder(_ path: String) {
        if mkdir(path, 0o700) == 0 || errno != ENOENT { return }
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
        makeFolder(String(path[..<slash]))
        mkdir(path, 0o700)
    }

    public func append(_ entry: JSONValue) {
        let line = entry.encoded() + [UInt8(ascii: "\n")]
        file.withLock { file in
            if let path, file.size + line.count > Self.maximumSize, rename(path, path + ".1") == 0,
                let next = try? Self.open(path)
            {
                file = next
            }
            // A log that cannot be written, as on a full disk, must not stop the daemon.
            let written = line.withUnsafeBytes { write(file.descriptor, $0.baseAddress, $0.count) }
            file.size += max(0, written)
        }
    }
}

public struct LogFileError: Error, CustomStringConvertible {
    public let description: String
}

public struct JSONLinesLogHandler: LogHandler {
    public var logLevel = Logger.Level.info
    public var metadata: Logger.Metadata = [:]
    private let label: String
    private let log: JSONLinesLog

    public init(label: String, log: JSONLinesLog) {
        self.label = label
        self.log = log
    }

    public subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var entry: JSONObject = [
            "at": .string(timestamp()), "level": .string(event.level.rawValue), "label": .string(label),
            "message": .string("\(event.message)"),
        ]
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted(by: {
            $0.key < $1.key
        }) {
            entry.members.append(.init(key: key, value: .string("\(value)")))
        }
        log.append(.object(entry))
    }

    /// The time as RFC 3339 has it, in UTC with milliseconds.
    private func timestamp() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        func digits(_ value: some BinaryInteger, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
        }
        let date = "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))"
        let time = "\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2))"
        return "\(date)T\(time).\(digits(now.tv_nsec / 1_000_000, 3))Z"
    }
}
