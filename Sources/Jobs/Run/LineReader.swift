// SPDX-License-Identifier: Apache-2.0
//
// Reads a file line by line, without holding the whole.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class LineReader {
    static let maximumLine = 64 << 20
    private static let chunk = 1 << 20

    private let path: String
    private let descriptor: Int32
    private var pending: [UInt8] = []
    private var position = 0
    private var isAtEnd = false
    /// Number of the last line that was given, from 1.
    private(set) var line = 0
    /// Bytes up to the end of that line, the newline included.
    private(set) var offset = 0
    /// Whether that line ended in a newline, and not with the file.
    private(set) var hasNewline = true

    init(_ path: String) throws(JobsError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Files.error("open", path) }
    }

    deinit { close(descriptor) }

    /// A line without its end; nil after the last.
    func next() throws(JobsError) -> [UInt8]? {
        var scanned = position
        while true {
            if let end = pending[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
                return finished(position..<end, hasNewline: true)
            }
            scanned = pending.count
            if isAtEnd {
                guard position < pending.count else { return nil }
                return finished(position..<pending.count, hasNewline: false)
            }
            scanned -= position
            pending.removeFirst(position)
            position = 0
            guard pending.count <= Self.maximumLine else {
                throw JobsError(.invalid, "\(path):\(line + 1): a line of more than \(Self.maximumLine) bytes")
            }
            try fill()
        }
    }

    private func finished(_ range: Range<Int>, hasNewline: Bool) -> [UInt8] {
        line += 1
        self.hasNewline = hasNewline
        let length = range.count + (hasNewline ? 1 : 0)
        offset += length
        position += length
        let isWindows = !range.isEmpty && pending[range.upperBound - 1] == UInt8(ascii: "\r")
        return Array(pending[range].dropLast(isWindows ? 1 : 0))
    }

    private func fill() throws(JobsError) {
        var buffer = [UInt8](repeating: 0, count: Self.chunk)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Files.error("read", path) }
            isAtEnd = count == 0
            pending += buffer[..<count]
            return
        }
    }
}
