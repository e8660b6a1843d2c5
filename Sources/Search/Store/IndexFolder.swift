// SPDX-License-Identifier: Apache-2.0
//
// Where the index of a folder is: one folder per root, named by the root's
// path, among Hearth's own data and never in the user's tree.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The files of one index.
public struct IndexFolder: Sendable, Hashable {
    public let path: String

    /// - Parameter indexes: the folder of all indexes, `<data>/indexes`.
    /// - Parameter root: the canonical path of the folder that is indexed.
    public init(of root: String, in indexes: String) {
        self.init(path: indexes + "/" + Digest(of: root).description.prefix(16))
    }

    init(path: String) {
        self.path = path
    }

    public var database: String { path + "/index.sqlite" }
    var lock: String { path + "/lock" }

    func rows(of vectors: String) -> String { "\(path)/\(vectors).f32" }
    func scan(of vectors: String) -> String { "\(path)/\(vectors).i8" }

    public var exists: Bool { access(database, F_OK) == 0 }

    /// The names of its files.
    func names() throws(SearchError) -> [String] {
        guard let folder = opendir(path) else { throw .system("read", path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// What its files take on disk.
    var bytes: Int {
        ((try? names()) ?? []).reduce(0) { sum, name in
            var status = stat()
            return stat(path + "/" + name, &status) == 0 ? sum + Int(status.st_blocks) * 512 : sum
        }
    }

    /// The vector files that are there, each pair once and without extensions.
    func vectorNames() throws(SearchError) -> Set<String> {
        Set(
            try names().compactMap { name in
                let name = String(name.prefix { $0 != "." })
                return Self.vectorNumber(name) == nil ? nil : name
            })
    }

    /// The number in the name of vector files; nil where it is no such name.
    static func vectorNumber(_ name: String) -> Int? {
        guard name.hasPrefix("vectors-"), let number = UInt32(name.dropFirst("vectors-".count)) else { return nil }
        return Int(number)
    }

    /// Removes a pair of vector files; one that cannot be removed is in nobody's way, and the next writer tries again.
    func removeVectors(_ name: String) {
        unlink(scan(of: name))
        unlink(rows(of: name))
    }

    /// The absolute path of an existing folder, without links, `.` and `..`.
    public static func canonical(_ path: String) throws(SearchError) -> String {
        guard let resolved = realpath(path, nil) else { throw .system("find", path) }
        defer { free(resolved) }
        var status = stat()
        guard stat(resolved, &status) == 0 else { throw .system("find", path) }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw SearchError(.notFound, "'\(path)' is not a folder")
        }
        return String(cString: resolved)
    }
}
