// SPDX-License-Identifier: Apache-2.0
//
// Whether a model's files have changed since they could not be loaded.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Names, sizes and times of the files in a folder.
struct FolderStamp: Sendable, Hashable {
    private struct File: Sendable, Hashable {
        var name: String
        var size: Int
        var seconds: Int
        var nanoseconds: Int
    }

    private let files: [File]

    init(_ folder: String) {
        files = SystemFile.names(folder).map { name in
            var status = stat()
            guard stat(folder + "/" + name, &status) == 0 else {
                return File(name: name, size: -1, seconds: 0, nanoseconds: 0)
            }
            #if canImport(Darwin)
                let time = status.st_mtimespec
            #else
                let time = status.st_mtim
            #endif
            return File(
                name: name, size: Int(status.st_size), seconds: Int(time.tv_sec), nanoseconds: Int(time.tv_nsec))
        }
    }
}
