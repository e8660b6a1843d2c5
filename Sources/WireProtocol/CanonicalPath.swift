// SPDX-License-Identifier: Apache-2.0
//
// Paths as processes tell them to each other: absolute, without links.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The absolute path without links, "." and ".." (realpath(3)) of something that exists.
public func canonicalPath(_ path: String) throws(WireError) -> String {
    guard let resolved = realpath(path, nil) else {
        throw WireError(.fileNotFound, "'\(path)': \(String(cString: strerror(errno)))")
    }
    defer { free(resolved) }
    return String(cString: resolved)
}
