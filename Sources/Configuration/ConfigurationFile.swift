// SPDX-License-Identifier: Apache-2.0
//
// config.toml on disk.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public struct ConfigurationFile: Sendable {
    /// How messages name it.
    public let path: String
    public let text: [UInt8]

    /// A file larger than this is something else.
    private static let maximumSize = 1 << 20

    public init(path: String, text: [UInt8]) {
        self.path = path
        self.text = text
    }

    public init(path: String, text: String) { self.init(path: path, text: Array(text.utf8)) }

    /// - Returns: nil when there is no such file.
    public init?(readingIfPresent path: String) throws(ConfigurationError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT || errno == ENOTDIR { return nil }
        func failure(_ reason: String) -> ConfigurationError {
            ConfigurationError(
                problems: [.init(.file(path: path, line: nil), "the configuration cannot be read: \(reason)")])
        }
        guard descriptor >= 0 else { throw failure(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(String(cString: strerror(errno))) }
            if count == 0 { break }
            text += chunk[..<count]
            guard text.count <= Self.maximumSize else { throw failure("it has more than \(Self.maximumSize) bytes") }
        }
        self.init(path: path, text: text)
    }
}
