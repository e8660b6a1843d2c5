// SPDX-License-Identifier: Apache-2.0
//
// Small files that the settings name: a token, a certificate, its key.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct SettingsFile {
    private static let limit = 1 << 20

    let bytes: [UInt8]

    /// - Parameters:
    ///   - content: what is in it, for messages.
    ///   - isSecret: refuse it where others than its owner may read it.
    init(_ path: String, holding content: String, isSecret: Bool) throws(StartupError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StartupError("cannot read the \(content) in '\(path)'", errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, !isSecret || status.st_mode & 0o077 == 0 else {
            throw StartupError("'\(path)' holds a \(content) and others may read it; run: chmod 600 '\(path)'")
        }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(descriptor, &piece, piece.count)
            guard count >= 0 else { throw StartupError("cannot read the \(content) in '\(path)'", errno) }
            if count == 0 { break }
            bytes += piece[..<count]
            guard bytes.count <= Self.limit else {
                throw StartupError("'\(path)' is too large to hold a \(content)")
            }
        }
        self.bytes = bytes
    }
}
