// SPDX-License-Identifier: Apache-2.0
//
// The environment of this process, without Foundation.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public func processEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let variable = entry.pointee {
        let text = String(cString: variable)
        if let separator = text.utf8.firstIndex(of: UInt8(ascii: "=")) {
            variables[String(text[..<separator])] = String(text[text.utf8.index(after: separator)...])
        }
        entry += 1
    }
    return variables
}
