// SPDX-License-Identifier: Apache-2.0
//
// The open folders on the way to a path. Paths that follow one another mostly
// share their folders, so these stay open until another way is taken.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct OpenFolders {
    private struct Level {
        let name: [UInt8]
        /// Negative where the folder is not to be entered.
        let descriptor: Int32
    }

    private let root: Int32
    private var levels: [Level] = []

    init(_ root: Int32) { self.root = root }

    /// Folders below the root, a blocked one included.
    var depth: Int { levels.count }
    var descriptor: Int32 { levels.last?.descriptor ?? root }
    /// Whether the deepest folder is one that is not entered.
    var isBlocked: Bool { levels.last.map { $0.descriptor < 0 } ?? false }

    /// The path of a name in the deepest folder.
    func path(with name: ArraySlice<UInt8>) -> [UInt8] {
        Array((levels.map { $0.name[...] } + [name]).joined(separator: [UInt8(ascii: "/")]))
    }

    /// Leaves the folders that are not on the way to a path. Returns how many of them were entered.
    mutating func closeUncommon(with components: ArraySlice<ArraySlice<UInt8>>) -> Int {
        let common = zip(levels, components).prefix { $0.name.elementsEqual($1) }.count
        var entered = 0
        while levels.count > common, let level = levels.popLast() {
            guard level.descriptor >= 0 else { continue }
            entered += 1
            _ = close(level.descriptor)
        }
        return entered
    }

    /// Enters a folder of the deepest one, through no link.
    /// - Returns: the error number, the folder being blocked then.
    mutating func enter(_ name: ArraySlice<UInt8>) -> Int32? {
        let inner = openat(descriptor, cName(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        let error = errno
        levels.append(Level(name: Array(name), descriptor: inner))
        return inner < 0 ? error : nil
    }

    /// Goes into a folder that is left out, so that its files are left out without another look.
    mutating func enterBlocked(_ name: ArraySlice<UInt8>) {
        levels.append(Level(name: Array(name), descriptor: -1))
    }

    mutating func close() {
        _ = closeUncommon(with: [])
    }

    private func close(_ descriptor: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.close(descriptor)
        #else
            Darwin.close(descriptor)
        #endif
    }
}
