// SPDX-License-Identifier: Apache-2.0
//
// Small files whole, and larger ones not at all.

import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum BoundedFile {
    /// - Parameter path: "-" for standard input.
    static func read(_ path: String, atMost limit: Int) throws(WireError) -> [UInt8] {
        let descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            #if canImport(Glibc)
                let count = Glibc.read(descriptor, &chunk, chunk.count)
            #else
                let count = Darwin.read(descriptor, &chunk, chunk.count)
            #endif
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else {
                throw WireError(.invalidParameters, "'\(path)' has more than \(limit) bytes, which is no job file")
            }
        }
    }

    private static func failure(_ path: String) -> WireError {
        WireError(.fileNotFound, "'\(path)': \(String(cString: strerror(errno)))")
    }
}
