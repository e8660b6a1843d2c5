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
        var buffer = [CChar](repeating: 0, count: Int(MAXPATHLEN))
        guard proc_pidpath(getpid(), &buffer, UInt32(buffer.count)) > 0, let resolved = realpath(buffer, nil) else {
            return nil
        }
    #else
        guard let resolved = realpath("/proc/self/exe", nil) else { return nil }
    #endif
    defer { free(resolved) }
    let path = String(cString: resolved)
    return path.lastIndex(of: "/").map { String(path[..<$0]) }
}
