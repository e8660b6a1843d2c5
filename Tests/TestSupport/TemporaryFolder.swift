// SPDX-License-Identifier: Apache-2.0
//
// A folder of a test's own.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A fresh folder, removed with all that is in it when the object goes: whoever uses `path` keeps the object.
public final class TemporaryFolder: Sendable {
    public let path: String

    /// Its name is not ASCII, as many homes' names are not.
    public init() {
        var parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        while parent.count > 1, parent.last == "/" { parent.removeLast() }
        var template = Array("\(parent)/hearth-ä-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "no temporary folder: \(String(cString: strerror(errno)))")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { removeTree(path) }

    public func write(_ bytes: [UInt8], to name: String) { writeFile(bytes, to: "\(path)/\(name)") }
    public func write(_ text: String, to name: String) { writeFile(text, to: "\(path)/\(name)") }

    /// Nil when there is no such file.
    public func bytes(of name: String) -> [UInt8]? { readFile("\(path)/\(name)") }
    /// Nil when there is no such file.
    public func text(of name: String) -> String? { readText("\(path)/\(name)") }

    /// Removes a file, or a folder with all that is in it.
    public func remove(_ name: String) { removeTree("\(path)/\(name)") }
}
