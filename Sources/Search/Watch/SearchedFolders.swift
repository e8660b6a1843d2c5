// SPDX-License-Identifier: Apache-2.0
//
// Which folders below a root are worth watching.

#if os(Linux)
    import Chunking
    import Glibc

    /// The folders in which something is searched, or might be soon.
    ///
    /// Where a walk finds files, everything is watched. A folder in which it finds none is watched as well, as the first
    /// file may still come, but nothing below it, unless there are only folders in it. So of a folder that is ignored
    /// little more than itself is watched.
    struct SearchedFolders: Sendable {
        /// Never searched, and full of folders.
        private static let excluded: Set<String> = [
            ".git", ".hg", ".svn", ".jj", "node_modules", "bower_components", "__pycache__",
        ]
        /// Files that change what is searched.
        static let ignoreFiles: Set<String> = [".gitignore", ".ignore", ".hearthignore"]

        let root: String
        let limits: FolderLimits
        let environment: [String: String]

        /// Whether a folder of this name is only searched where something was found in it already.
        static func isExcluded(_ name: String) -> Bool {
            name.utf8.first == UInt8(ascii: ".") || excluded.contains(name)
        }

        struct Found {
            /// Folders with searched files somewhere below; paths relative to the root, which itself is "".
            var searched: Set<String> = [""]
            /// Folders without any.
            var others: Set<String> = []
            /// Files that are searched although their names begin with a dot, relative to the root.
            var hiddenFiles: Set<String> = []
        }

        /// Walks the root. Blocks on the disk. Nothing is held open: the system tells of a removed folder only when
        /// nobody has it open any more.
        func find() -> Found {
            var found = Found()
            guard let folder = try? Folder(root, limits: limits) else { return found }
            _ = folder.walk(environment: environment) { file in
                var path = file.path[...]
                if path.utf8.first == UInt8(ascii: ".") || path.contains("/.") { found.hiddenFiles.insert(file.path) }
                while let slash = path.lastIndex(of: "/") {
                    path = path[..<slash]
                    if !found.searched.insert(String(path)).inserted { break }
                }
            }
            for path in found.searched { addOthers(in: path, to: &found) }
            return found
        }

        /// Adds the folders of a folder in which nothing was found.
        private func addOthers(in path: String, to found: inout Found) {
            guard let stream = opendir(root + "/" + path) else { return }
            defer { closedir(stream) }
            while let entry = readdir(stream) {
                guard entry.pointee.d_type == UInt8(DT_DIR) else { continue }
                let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                if Self.isExcluded(name) { continue }
                let inner = path.isEmpty ? name : path + "/" + name
                if found.searched.contains(inner) || !found.others.insert(inner).inserted { continue }
                if hasOnlyFolders(inner) { addOthers(in: inner, to: &found) }
            }
        }

        private func hasOnlyFolders(_ path: String) -> Bool {
            guard let stream = opendir(root + "/" + path) else { return false }
            defer { closedir(stream) }
            while let entry = readdir(stream) {
                if entry.pointee.d_type != UInt8(DT_DIR) { return false }
            }
            return true
        }
    }
#endif
