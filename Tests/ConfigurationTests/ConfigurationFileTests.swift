// SPDX-License-Identifier: Apache-2.0
//
// Reading config.toml from disk.

import Configuration
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct ConfigurationFileTests {
    @Test func aMissingFileIsTheDefaults() throws {
        #expect(try EffectiveConfiguration.load(path: "/nowhere/config.toml").configuration == Configuration())
    }

    @Test func aFolderCannotBeRead() {
        var message = ""
        do throws(ConfigurationError) { _ = try EffectiveConfiguration.load(path: "/") } catch { message = "\(error)" }
        #expect(message.hasPrefix("/: the configuration cannot be read: "))
    }

    @Test func aFileIsReadWhole() throws {
        var template = Array("/tmp/hearth-configuration-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { unlink(path) }
        write(String(repeating: "# long\n", count: 9000) + "[daemon]\nlog_keep = 77\n", to: path)
        let effective = try EffectiveConfiguration.load(path: path)
        #expect(effective.configuration.daemon.logKeep == 77)
        #expect(effective["daemon.log_keep"]?.source == .file(path: path, line: 9002))
        write(String(repeating: "#", count: 1 << 21), to: path)
        #expect(throws: ConfigurationError.self) { try EffectiveConfiguration.load(path: path) }
    }
}

func write(_ text: String, to path: String) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    defer { close(descriptor) }
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}

func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

/// A file of the repository, by its path from the root.
func repositoryFile(_ path: String, from file: String = #filePath) -> String {
    file.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/") + "/" + path
}
