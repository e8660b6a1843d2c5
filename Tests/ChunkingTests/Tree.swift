// SPDX-License-Identifier: Apache-2.0
//
// A fresh folder for one test, removed with it, and what tests put into it.

import Chunking
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class Tree: Sendable {
    /// The folder that is walked; what is beside it is outside.
    let root: String
    private let base = TemporaryFolder()

    init() {
        root = base.path + "/root"
        mkdir(root, 0o700)
    }

    func write(_ path: String, _ text: String = "text\n") { writeFile(text, to: root + "/" + path) }

    /// Runs commands in the root. What they write to standard output comes back.
    @discardableResult
    func shell(_ commands: String) -> String {
        let git = "export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 HOME=\(base.path)"
        _ = systemCall("\(git); cd \(root) && { \(commands)\n} > ../output 2>/dev/null")
        return base.text(of: "output") ?? ""
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
            "PATH": variable("PATH") ?? "/usr/bin:/bin", "HOME": base.path,
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
