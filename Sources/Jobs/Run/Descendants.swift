// SPDX-License-Identifier: Apache-2.0
//
// Children of this process as Linux shows them under /proc; elsewhere nothing
// is known of them, and orphans do not come here anyway.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum Descendants {
    /// Processes whose parent this one is, those it started and the orphans it adopted.
    static func children() -> [pid_t] {
        #if os(Linux)
            Files.names(in: "/proc/self/task").flatMap { thread -> [pid_t] in
                let text = contents("/proc/self/task/\(thread)/children")
                return text.split(separator: UInt8(ascii: " ")).compactMap {
                    pid_t(String(decoding: $0, as: UTF8.self))
                }
            }
        #else
            []
        #endif
    }

    /// A variable of a process's environment as it was started; nil where that cannot be seen.
    static func variable(_ name: String, of process: pid_t) -> String? {
        let prefix = Array("\(name)=".utf8)
        return contents("/proc/\(process)/environ").split(separator: 0).first { $0.starts(with: prefix) }
            .map { String(decoding: $0.dropFirst(prefix.count), as: UTF8.self) }
    }

    /// A file whose length is not known before.
    private static func contents(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while bytes.count < 1 << 22 {
            let count = read(descriptor, &buffer, buffer.count)
            if count <= 0 { break }
            bytes += buffer[..<count]
        }
        return bytes
    }
}
