// SPDX-License-Identifier: Apache-2.0
//
// The state of a walk: the folders it is in, each with its descriptor and its
// ignore rules, and what it has left out so far. Links are never followed.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct FolderWalk {
    var report = WalkReport()
    private let limits: FolderLimits
    private var rules = IgnoreRules()
    /// Of what is looked at; relative to the top of the work tree, so that the rules there apply.
    private var path: [UInt8] = []
    /// Where paths relative to the walked folder start in `path`.
    private var rootStart = 0

    init(limits: FolderLimits) { self.limits = limits }

    private var relativePath: ArraySlice<UInt8> { path[rootStart...] }

    /// Adds the rules of the work tree that the folder is in, for want of git.
    mutating func enterAbove(_ workTree: String, folder: String) {
        rules.enterAbove(workTree + "/.git/info", start: 0, files: ["exclude"])
        let prefix = folder.utf8.dropFirst(workTree.utf8.count + 1)
        if prefix.isEmpty { return }
        path = Array(prefix) + [UInt8(ascii: "/")]
        rootStart = path.count
        var above = workTree
        rules.enterAbove(above, start: 0)
        for component in prefix.split(separator: UInt8(ascii: "/")).dropLast().map(Substring.init) {
            above += "/\(component)"
            rules.enterAbove(above, start: above.utf8.count - workTree.utf8.count)
        }
    }

    // MARK: - By ourselves

    /// Walks an open folder by our own rules.
    mutating func run<Failure: Error>(
        _ folder: Int32, _ body: (FoundFile) throws(Failure) -> Void
    ) throws(Failure) {
        try walk(folder, depth: 0, body)
    }

    private mutating func walk<Failure: Error>(
        _ folder: Int32, depth: Int, _ body: (FoundFile) throws(Failure) -> Void
    ) throws(Failure) {
        // A descriptor of its own, as reading a folder moves a descriptor that others may use.
        let copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else {
            let error = errno
            if copy >= 0 { close(copy) }
            if let reason = Self.reason(error) { skip(reason) }
            return
        }
        rules.enter(folder, start: path.count, readsGit: true)
        defer { rules.leave() }
        // Folders come last, so that only one stream is open, however deep the tree: names ended by zeros.
        var folders: [UInt8] = []
        let start = path.count
        do throws(Failure) {
            while true {
                errno = 0
                guard let entry = readdir(stream) else { break }
                try look(at: entry, in: folder, folders: &folders, body)
                path.removeSubrange(start...)
            }
            if errno != 0 { skip(.unreadable) }
        } catch {
            closedir(stream)
            throw error
        }
        closedir(stream)
        for name in folders.split(separator: 0) {
            path += name
            try enter(name, in: folder, depth: depth + 1, body)
            path.removeSubrange(start...)
        }
    }

    private mutating func look<Failure: Error>(
        at entry: UnsafeMutablePointer<dirent>, in folder: Int32, folders: inout [UInt8],
        _ body: (FoundFile) throws(Failure) -> Void
    ) throws(Failure) {
        let start = path.count
        withUnsafeBytes(of: &entry.pointee.d_name) { path += $0.prefix { $0 != 0 } }
        let name = path[start...]
        if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) { return }
        var type = Int32(entry.pointee.d_type)
        var status: stat?
        if type == Int32(DT_UNKNOWN) {
            status = look(at: name, in: folder)
            guard let status else { return }
            type = Int32(status.st_mode & S_IFMT) >> 12
        }
        let isFolder = type == Int32(DT_DIR)
        if isFolder, Self.contains(FileNames.versionControl, name) { return skip(.hidden) }
        if !limits.includesHidden, name.first == UInt8(ascii: ".") { return skip(.hidden) }
        if rules.ignores(path, nameStart: start, isFolder: isFolder) { return skip(.ignored) }
        if isFolder {
            if Self.contains(FileNames.installed, name) { return skip(.ignored) }
            folders += name + [0]
        } else {
            guard let status = status ?? look(at: name, in: folder) else { return }
            try admit(name, status, body)
        }
    }

    /// Walks a folder of a folder; its path is set already.
    private mutating func enter<Failure: Error>(
        _ name: ArraySlice<UInt8>, in folder: Int32, depth: Int, _ body: (FoundFile) throws(Failure) -> Void
    ) throws(Failure) {
        if depth > limits.maximumDepth { return skip(.tooDeep) }
        let inner = openat(folder, cName(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard inner >= 0 else {
            if let reason = Self.reason(errno) { skip(reason) }
            return
        }
        defer { close(inner) }
        path.append(UInt8(ascii: "/"))
        try walk(inner, depth: depth, body)
    }

    // MARK: - By git's list

    /// Looks at the files that git lists for an open folder.
    mutating func run<Failure: Error>(
        _ root: Int32, _ listing: GitListing, _ body: (FoundFile) throws(Failure) -> Void
    ) throws(Failure) {
        var folders = OpenFolders(root)
        defer { folders.close() }
        rules.enter(root, start: 0, readsGit: false)
        listing.forEachIgnored { report.skipped.add(.ignored, path: $0) }
        try listing.forEach { (entry, isTracked) throws(Failure) in
            let components = entry.split(separator: UInt8(ascii: "/"))
            guard let name = components.last else { return }
            path = Array(components.joined(separator: [UInt8(ascii: "/")]))
            defer { path = [] }
            if components.count > limits.maximumDepth + 1 { return skip(.tooDeep) }
            if !isTracked {
                if !limits.includesHidden, components.contains(where: { $0.first == UInt8(ascii: ".") }) {
                    return skip(.hidden)
                }
                if components.contains(where: { Self.contains(FileNames.installed, $0) }) { return skip(.ignored) }
            }
            guard let folder = openFolder(of: components.dropLast(), &folders),
                let status = look(at: name, in: folder)
            else { return }
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            if rules.ignores(path, nameStart: path.count - name.count, isFolder: isFolder) { return skip(.ignored) }
            if isFolder {
                // A submodule, or a repository in the repository: git does not look into it.
                try enter(name, in: folder, depth: components.count, body)
            } else {
                try admit(name, status, body)
            }
        }
    }

    /// The descriptor of a listed file's folder; nil where it is gone, left out or behind a link.
    private mutating func openFolder(
        of components: ArraySlice<ArraySlice<UInt8>>, _ folders: inout OpenFolders
    ) -> Int32? {
        for _ in 0..<folders.closeUncommon(with: components) { rules.leave() }
        for component in components.dropFirst(folders.depth) {
            if folders.isBlocked { return nil }
            let whole = path
            defer { path = whole }
            path = folders.path(with: component)
            var blocking: SkipReason?
            if rules.ignores(path, nameStart: path.count - component.count, isFolder: true) {
                blocking = .ignored
                folders.enterBlocked(component)
            } else if let error = folders.enter(component) {
                blocking = Self.reason(error)
            }
            if let blocking { skip(blocking) }
            if folders.isBlocked { return nil }
            rules.enter(folders.descriptor, start: path.count + 1, readsGit: false)
        }
        return folders.isBlocked ? nil : folders.descriptor
    }

    // MARK: - One file

    private mutating func admit<Failure: Error>(
        _ name: ArraySlice<UInt8>, _ status: stat, _ body: (FoundFile) throws(Failure) -> Void
    ) throws(Failure) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFLNK: return skip(.symbolicLink)
        default: return skip(.special)
        }
        if let reason = FileNames.skipReason(name) { return skip(reason) }
        if status.st_size > limits.maximumFileBytes { return skip(.tooLarge) }
        guard let text = String(validating: relativePath, as: UTF8.self) else { return skip(.invalidName) }
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        report.files += 1
        report.bytes += Int(status.st_size)
        let seconds = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000).partialValue
        try body(
            FoundFile(
                path: text, size: Int(status.st_size), modified: seconds &+ Int64(time.tv_nsec),
                inode: UInt64(status.st_ino)))
    }

    private mutating func skip(_ reason: SkipReason) {
        report.skipped.add(reason, path: relativePath)
        guard reason == .unreadable else { return }
        let name = relativePath.last == UInt8(ascii: "/") ? relativePath.dropLast() : relativePath
        report.unseen.append(String(decoding: name, as: UTF8.self))
    }

    /// Nil for what vanished or cannot be looked at.
    private mutating func look(at name: ArraySlice<UInt8>, in folder: Int32) -> stat? {
        var status = stat()
        if fstatat(folder, cName(name), &status, AT_SYMLINK_NOFOLLOW) == 0 { return status }
        if let reason = Self.reason(errno) { skip(reason) }
        return nil
    }

    private static func contains(_ names: Set<String>, _ name: ArraySlice<UInt8>) -> Bool {
        name.count <= 16 && names.contains(String(decoding: name, as: UTF8.self))
    }

    /// Why something cannot be looked at; nil for what vanished.
    private static func reason(_ error: Int32) -> SkipReason? {
        switch error {
        case ENOENT: nil
        case ELOOP, ENOTDIR: .symbolicLink
        default: .unreadable
        }
    }
}
