// SPDX-License-Identifier: Apache-2.0
//
// What git knows of a folder: the files it tracks, and those it would add. The
// repository may be a stranger's, so nothing that its configuration names is run.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct GitListing {
    /// A tag, a space and a path, each ended by a zero: 50 bytes for each of a million files is affordable, and a
    /// list that git does not finish is not half used.
    private let entries: [UInt8]
    /// Paths that git ignores, folders as one, each ended by a zero.
    private let ignored: [UInt8]

    /// Lists a folder inside a work tree. Paths are relative to the folder.
    static func make(
        of folder: String, environment: [String: String], timeout: Duration
    ) -> Result<GitListing, ChildOutput.Failure> {
        // GIT_DIR and its like would show another repository than the folder's; where settings are is the user's.
        var variables = environment.filter { !$0.key.hasPrefix("GIT_") || $0.key.hasPrefix("GIT_CONFIG_") }
        variables["GIT_OPTIONAL_LOCKS"] = "0"
        variables["GIT_TERMINAL_PROMPT"] = "0"
        variables["LC_ALL"] = "C"
        let settings = ["--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "ls-files", "-z"]
        let list = { (arguments: [String]) throws(ChildOutput.Failure) in
            try ChildOutput.of(
                "git", ["-C", folder] + settings + arguments, environment: variables, timeout: timeout)
        }
        return Result { () throws(ChildOutput.Failure) in
            GitListing(
                entries: try list(["-t", "--cached", "--others", "--exclude-standard"]),
                ignored: try list(["--others", "--ignored", "--exclude-standard", "--directory"]))
        }
    }

    /// Calls the body with each path once, and with whether git tracks it.
    func forEach<Failure: Error>(_ body: (ArraySlice<UInt8>, _ isTracked: Bool) throws(Failure) -> Void) throws(Failure)
    {
        var previous: ArraySlice<UInt8> = []
        var start = 0
        while let end = entries[start...].firstIndex(of: 0) {
            let entry = entries[start..<end]
            start = end + 1
            // A file in conflict is listed once for each of its versions.
            guard entry.count > 2, entry.dropFirst(2) != previous else { continue }
            previous = entry.dropFirst(2)
            try body(previous, entry.first != UInt8(ascii: "?"))
        }
    }

    func forEachIgnored(_ body: (ArraySlice<UInt8>) -> Void) {
        var start = 0
        while let end = ignored[start...].firstIndex(of: 0) {
            if end > start { body(ignored[start..<end]) }
            start = end + 1
        }
    }

    /// The path of a folder in a work tree, and that of the nearest folder from it upwards that holds a `.git`.
    static func workTree(of folder: Int32) -> (folder: String, top: String)? {
        guard let path = realPath(of: folder) else { return nil }
        var top = path[...]
        while true {
            var status = stat()
            if lstat(top + "/.git", &status) == 0 {
                return (path, String(top))
            }
            guard let slash = top.lastIndex(of: "/") else { return nil }
            top = top[..<slash]
        }
    }

    private static func realPath(of folder: Int32) -> String? {
        #if canImport(Darwin)
            var buffer = [CChar](repeating: 0, count: Int(MAXPATHLEN))
            guard fcntl(folder, F_GETPATH, &buffer) == 0 else { return nil }
            return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #else
            guard let path = realpath("/proc/self/fd/\(folder)", nil) else { return nil }
            defer { free(path) }
            return String(cString: path)
        #endif
    }
}
