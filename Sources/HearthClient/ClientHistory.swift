// SPDX-License-Identifier: Apache-2.0
//
// What clients did beside asking the daemon: that they started it, or did
// without, and why. Nothing is written of the usual way.

public import JSON
public import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public struct ClientHistory: Sendable {
    /// The file is begun anew when it is larger; the one before is kept.
    private static let maximumSize = 128 << 10

    private let path: String

    public init(_ paths: HearthPaths) { path = paths.state + "/clients.jsonl" }

    /// Appends a line. A history that cannot be written is nobody's problem.
    func record(_ what: String, because reason: String?) {
        var entry: JSONObject = [
            "at": .number(unixTime()), "pid": .integer(Int64(getpid())), "path": .string(what),
        ]
        entry["reason"] = reason.map(JSONValue.string)
        let line = JSONValue.object(entry).encoded() + [UInt8(ascii: "\n")]
        var descriptor = append()
        if descriptor < 0, errno == ENOENT, let slash = path.lastIndex(of: "/") {
            // Only the last folder: where those above are missing, too, there is nothing of Hearth to tell of.
            mkdir(String(path[..<slash]), 0o700)
            descriptor = append()
        }
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var entryOfFile = stat()
        if fstat(descriptor, &entryOfFile) == 0, entryOfFile.st_size > Self.maximumSize { rename(path, path + ".1") }
        // One call, so that lines of several processes do not mix.
        _ = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }

    /// The newest last.
    public func last(_ count: Int) -> [JSONValue] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let length = read(descriptor, &chunk, chunk.count)
            guard length > 0 else { break }
            bytes += chunk[..<length]
        }
        return bytes.split(separator: UInt8(ascii: "\n")).suffix(count).compactMap {
            try? JSONValue(parsing: Array($0))
        }
    }

    private func append() -> Int32 { open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600) }
}
