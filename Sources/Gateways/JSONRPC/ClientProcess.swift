// SPDX-License-Identifier: Apache-2.0
//
// What the system says of a client's process.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The name of a program; nil when it has ended, or belongs to somebody else.
func processName(_ process: Int32) -> String? {
    guard process > 0 else { return nil }
    #if canImport(Darwin)
        var name = [CChar](repeating: 0, count: 256)
        let length = proc_name(process, &name, UInt32(name.count))
        guard length > 0 else { return nil }
        return String(decoding: name.prefix(Int(length)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    #else
        // proc_pid_comm(5): at most 15 bytes and a newline.
        let descriptor = open("/proc/\(process)/comm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var name = [UInt8](repeating: 0, count: 64)
        let length = read(descriptor, &name, name.count)
        guard length > 1 else { return nil }
        return String(decoding: name[..<(length - 1)], as: UTF8.self)
    #endif
}
