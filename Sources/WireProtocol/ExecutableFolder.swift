// SPDX-License-Identifier: Apache-2.0
//
// Where this program is: the two executables find each other in one folder.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The folder that holds this program, symbolic links resolved.
public func executableFolder() -> String? {
    #if canImport(Darwin)
        var capacity = UInt32(PATH_MAX)
        var buffer = [CChar](repeating: 0, count: Int(capacity))
        guard _NSGetExecutablePath(&buffer, &capacity) == 0, let resolved = realpath(buffer, nil) else { return nil }
    #else
        guard let resolved = realpath("/proc/self/exe", nil) else { return nil }
    #endif
    defer { free(resolved) }
    let path = String(cString: resolved)
    return path.lastIndex(of: "/").map { String(path[..<$0]) }
}
