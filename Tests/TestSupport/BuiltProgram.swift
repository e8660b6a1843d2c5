// SPDX-License-Identifier: Apache-2.0
//
// Where the programs are that were built with the tests.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The path of an executable target, in the folder that the tests were built into; its name when it is not there.
public func builtProgram(_ name: String) -> String {
    #if canImport(Darwin)
        var info = Dl_info()
        dladdr(#dsohandle, &info)
        var folder = info.dli_fname.map { String(cString: $0) } ?? ""
    #else
        let path = realpath("/proc/self/exe", nil)
        defer { free(path) }
        var folder = path.map { String(cString: $0) } ?? ""
    #endif
    while let slash = folder.lastIndex(of: "/") {
        folder = String(folder[..<slash])
        if access("\(folder)/\(name)", X_OK) == 0 { return "\(folder)/\(name)" }
    }
    return name
}
