// SPDX-License-Identifier: Apache-2.0
//
// A folder of its own for one test, removed afterwards.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct FileError: Error {
    var path: String
}

func readFile(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "r") else { throw FileError(path: path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 12)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return bytes
}

final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/hearth-serving-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FileError(path: "/tmp") }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        unlink(path + "/config.json")
        rmdir(path)
    }

    func write(_ name: String, _ text: String) throws {
        guard let file = fopen(path + "/" + name, "w") else { throw FileError(path: path) }
        defer { fclose(file) }
        guard fputs(text, file) >= 0 else { throw FileError(path: path) }
    }
}
