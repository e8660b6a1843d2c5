// SPDX-License-Identifier: Apache-2.0
//
// The ignore files that hold at one place of a walk: those of the folder it is
// in and of the folders above. Deeper files win, and in a file the last line.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct IgnoreRules {
    private struct Level {
        /// Where paths relative to the level's folder start in a path.
        let start: Int
        /// `.gitignore`. Apart from the others: what git decides by itself must not depend on them.
        let git: IgnoreFile?
        /// `.ignore`, then `.hearthignore`.
        let own: IgnoreFile?
    }

    /// Ignore files are small; of a larger one nothing is read.
    private static let limit = 1 << 20

    private var levels: [Level] = []

    /// Adds the rules of a folder.
    /// - Parameters:
    ///   - start: the length of the folder's path, with a slash at its end where it is not empty.
    ///   - readsGit: whether its .gitignore holds, too.
    mutating func enter(_ folder: Int32, start: Int, readsGit: Bool) {
        levels.append(
            Level(
                start: start, git: readsGit ? Self.read([".gitignore"], in: folder) : nil,
                own: Self.read([".ignore", ".hearthignore"], in: folder)))
    }

    /// Adds a folder above the one that is walked: only what git itself would read there.
    mutating func enterAbove(_ folder: String, start: Int, files: [String] = [".gitignore"]) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        levels.append(Level(start: start, git: Self.read(files, in: descriptor), own: nil))
    }

    mutating func leave() { levels.removeLast() }

    /// Whether a file or folder is ignored, its parents not being so.
    /// - Parameter nameStart: where the path's last component starts.
    func ignores(_ path: [UInt8], nameStart: Int, isFolder: Bool) -> Bool {
        verdict(\.git, path, nameStart, isFolder) || verdict(\.own, path, nameStart, isFolder)
    }

    private func verdict(
        _ file: KeyPath<Level, IgnoreFile?>, _ path: [UInt8], _ nameStart: Int, _ isFolder: Bool
    ) -> Bool {
        for level in levels.reversed() {
            guard let file = level[keyPath: file] else { continue }
            if let verdict = file.verdict(path[level.start...], name: path[nameStart...], isFolder: isFolder) {
                return verdict
            }
        }
        return false
    }

    private static func read(_ names: [String], in folder: Int32) -> IgnoreFile? {
        var text: [UInt8] = []
        for name in names {
            guard case .success(let file) = openRegularFile(cName(name.utf8), in: folder) else { continue }
            defer { close(file) }
            if let bytes = readFile(file, limit: limit), bytes.count <= limit { text += bytes + [UInt8(ascii: "\n")] }
        }
        let file = IgnoreFile(text)
        return file.isEmpty ? nil : file
    }
}
