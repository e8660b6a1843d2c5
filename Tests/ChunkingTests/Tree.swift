// SPDX-License-Identifier: Apache-2.0
//
// A fresh folder for one test, removed with it, and what tests put into it.

import Chunking
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class Tree: Sendable {
    /// The folder that is walked; what is beside it is outside.
    let root: String
    private let base: String

    init() {
        var template = Array("/tmp/hearth-chunking-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "no temporary folder")
        base = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        root = base + "/root"
        mkdir(root, 0o700)
    }

    deinit { shell("chmod -R u+rwx \(base); rm -rf \(base)") }

    func write(_ path: String, _ text: String = "text\n") { write(path, bytes: Array(text.utf8)) }

    func write(_ path: String, bytes: [UInt8]) {
        let path = root + "/" + path
        var folder = ""
        for part in path.split(separator: "/").dropLast() {
            folder += "/" + part
            mkdir(folder, 0o700)
        }
        guard let file = fopen(path, "w") else {
            Issue.record("cannot write \(path)")
            return
        }
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        fclose(file)
    }

    /// Runs commands in the root. What they write to standard output comes back.
    @discardableResult
    func shell(_ commands: String) -> String {
        let output = base + "/output"
        let git = "export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 HOME=\(base)"
        _ = systemCall("\(git); cd \(root) && { \(commands)\n} > \(output) 2>/dev/null")
        guard let file = fopen(output, "r") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func systemCall(_ command: String) -> Int32 {
        var child: pid_t = 0
        let words: [UnsafeMutablePointer<CChar>?] =
            ["sh", "-c", command].map { (word: String) in strdup(word) } + [nil]
        defer { for word in words { free(word) } }
        guard posix_spawnp(&child, "sh", nil, nil, words, environ) == 0 else { return -1 }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return status
    }

    func folder(_ path: String = "", _ configure: (inout FolderLimits) -> Void = { _ in }) throws -> Folder {
        var limits = FolderLimits()
        configure(&limits)
        return try Folder(path.isEmpty ? root : root + "/" + path, limits: limits)
    }

    /// Where git is found, and no settings of whoever runs the tests.
    var environment: [String: String] {
        [
            "PATH": getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin", "HOME": base,
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
        ]
    }

    func walk(_ folder: Folder) -> (paths: [String], report: WalkReport) {
        var paths: [String] = []
        let report = folder.walk(environment: environment) { paths.append($0.path) }
        return (paths.sorted(), report)
    }

    func walk(_ path: String = "") throws -> (paths: [String], report: WalkReport) { walk(try folder(path)) }

    func contents(_ path: String, _ folder: Folder? = nil) throws -> FileContents {
        try (folder ?? self.folder()).readText(of: FoundFile(path: path, size: 0, modified: 0, inode: 0))
    }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: Int) { state = UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
