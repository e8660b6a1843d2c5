// SPDX-License-Identifier: Apache-2.0
//
// A folder whose files are searched. Files are reached from its descriptor,
// one component after the other and never through a link: nothing outside is read.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why a folder cannot be walked.
public struct FolderError: Error, CustomStringConvertible {
    public enum Code: Sendable { case notFound, notAFolder, unreadable }

    public let code: Code
    public let description: String
}

public struct FolderLimits: Sendable {
    /// Larger files are left out, in bytes.
    public var maximumFileBytes = 1 << 20
    /// Deeper folders are left out. Each level holds a descriptor while it is walked.
    public var maximumDepth = 100
    /// Whether names that start with a dot are searched even where git does not track them.
    public var includesHidden = false
    /// How long git may take for its list before it is ended and our own rules are used.
    public var gitTimeout = Duration.seconds(60)

    public init() {}
}

/// A file that a walk found. Size, time and inode tell whether it has changed since.
public struct FoundFile: Sendable, Hashable {
    /// Relative to the folder, with `/` between components.
    public let path: String
    public let size: Int
    /// When the content last changed, in nanoseconds since 1970.
    public let modified: Int64
    public let inode: UInt64

    public init(path: String, size: Int, modified: Int64, inode: UInt64) {
        self.path = path
        self.size = size
        self.modified = modified
        self.inode = inode
    }
}

public final class Folder: Sendable {
    /// As it was given.
    public let path: String
    public let limits: FolderLimits
    let descriptor: Int32

    /// - Throws: where there is no such folder, or it cannot be read.
    public init(_ path: String, limits: FolderLimits = FolderLimits()) throws(FolderError) {
        guard !path.utf8.contains(0) else { throw FolderError(code: .notFound, description: "no folder '\(path)'") }
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            switch errno {
            case ENOENT: throw FolderError(code: .notFound, description: "no folder '\(path)'")
            case ENOTDIR: throw FolderError(code: .notAFolder, description: "'\(path)' is not a folder")
            case let error:
                throw FolderError(
                    code: .unreadable,
                    description: "cannot read the folder '\(path)': \(String(cString: strerror(error)))")
            }
        }
        self.path = path
        self.limits = limits
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Opens a file of the folder for reading, through no link and nothing but a regular file.
    /// - Returns: a descriptor that the caller closes, or the error number; `ELOOP` where a link is in the way.
    func openFile(_ path: String) -> Result<Int32, ErrorNumber> {
        var folder = descriptor
        defer { if folder != descriptor { close(folder) } }
        var components = path.utf8.split(separator: UInt8(ascii: "/"))
        guard let name = components.popLast(), !path.utf8.contains(0) else {
            return .failure(ErrorNumber(value: EINVAL))
        }
        for component in components {
            if component.elementsEqual("..".utf8) { return .failure(ErrorNumber(value: EINVAL)) }
            let next = openat(folder, cName(component), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            if next < 0 { return .failure(ErrorNumber(value: errno == ENOTDIR ? ELOOP : errno)) }
            if folder != descriptor { close(folder) }
            folder = next
        }
        return openRegularFile(cName(name), in: folder)
    }
}
