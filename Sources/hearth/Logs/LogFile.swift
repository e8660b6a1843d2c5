// SPDX-License-Identifier: Apache-2.0
//
// The daemon's log as it is on disk: its last lines, and those that come,
// through rotations.

import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct LogFile: ~Copyable {
    private let path: String
    private var descriptor: Int32 = -1
    private var offset: off_t = 0
    private var partial: [UInt8] = []

    init(path: String) { self.path = path }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The last lines of the log, of the file before it, too, where the newest has too few; and the place from which
    /// `newLines` goes on.
    mutating func lastLines(_ count: Int) throws -> [[UInt8]] {
        try open()
        var lines = descriptor >= 0 ? read() : []
        if lines.count < count {
            var previous = LogFile(path: path + ".1")
            try previous.open()
            if previous.descriptor >= 0 { lines = previous.read() + lines }
        }
        return lines.suffix(count)
    }

    /// Lines that were written since the last call.
    mutating func newLines() throws -> [[UInt8]] {
        var lines = descriptor >= 0 ? read() : []
        if isReplaced() {
            if descriptor >= 0 { close(descriptor) }
            (descriptor, offset, partial) = (-1, 0, [])
            try open()
            if descriptor >= 0 { lines += read() }
        }
        return lines
    }

    /// No log yet is no error: the daemon makes it.
    private mutating func open() throws {
        #if canImport(Glibc)
            descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        #else
            descriptor = Darwin.open(path, O_RDONLY | O_CLOEXEC)
        #endif
        guard descriptor >= 0 || errno == ENOENT else {
            throw CommandError("input", "cannot open the log '\(path)': \(String(cString: strerror(errno)))")
        }
    }

    private mutating func read() -> [[UInt8]] {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = pread(descriptor, &chunk, chunk.count, offset)
            guard count > 0 else { break }
            offset += off_t(count)
            partial += chunk[..<count]
        }
        var lines = partial.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
        partial = lines.popLast() ?? []
        return lines.filter { !$0.isEmpty }
    }

    /// Whether another file has the name by now, or this one was emptied.
    private func isReplaced() -> Bool {
        var named = stat()
        guard stat(path, &named) == 0 else { return descriptor >= 0 }
        var opened = stat()
        guard descriptor >= 0, fstat(descriptor, &opened) == 0 else { return true }
        return named.st_ino != opened.st_ino || named.st_dev != opened.st_dev || named.st_size < offset
    }
}
