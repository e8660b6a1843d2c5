// SPDX-License-Identifier: Apache-2.0
//
// Results of a batch, a line each, in a file that survives whatever ends its
// writer: the next one goes on behind the last whole line.

internal import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class ResultFile {
    /// Requests whose results are there.
    private(set) var ids: Set<String> = []
    private let path: String
    private let descriptor: Int32

    /// Opens the file, and makes it when there is none. What is behind the last whole line is cut off.
    init(_ path: String) throws(JobsError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Files.error("create", path) }
        let lines = try LineReader(path)
        var end = 0
        // A line that is too long to be read again is not whole either.
        while let line = try? lines.next(), lines.hasNewline, let id = Self.id(of: line) {
            ids.insert(id)
            end = lines.offset
        }
        guard ftruncate(descriptor, off_t(end)) == 0, lseek(descriptor, off_t(end), SEEK_SET) >= 0 else {
            throw Files.error("shorten", path)
        }
    }

    deinit { close(descriptor) }

    /// The request that a line is about; nil where the line is no JSON.
    private static func id(of line: [UInt8]) -> String? {
        var reader = JSONReader(line)
        var id: String?
        do {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                if key == "custom_id" { id = try reader.readString() } else { try reader.skipValue() }
            }
            try reader.finish()
        } catch {
            return nil
        }
        return id
    }

    /// - Parameter line: without a newline.
    func append(_ id: String, _ line: [UInt8]) throws(JobsError) {
        try (line + [UInt8(ascii: "\n")]).withUnsafeBufferPointer { (bytes) throws(JobsError) in
            try Files.write(UnsafeRawBufferPointer(bytes), to: descriptor, path: path)
        }
        ids.insert(id)
    }

    /// Waits until all is on the disk.
    func sync() throws(JobsError) {
        guard fsync(descriptor) == 0 else { throw Files.error("write", path) }
    }
}
