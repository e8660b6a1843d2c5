// SPDX-License-Identifier: Apache-2.0
//
// Lines of standard input as they come, in bounded memory.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct LineReader: ~Copyable {
    enum Line {
        /// Without its newline.
        case line([UInt8])
        case tooLong
    }

    private let limit: Int
    private var buffer: [UInt8] = []
    private var isSkipping = false
    private var isAtEnd = false

    init(limit: Int) { self.limit = limit }

    /// Waits for a line; nil at the end of the input. What is left there without a newline counts as a line.
    mutating func next() -> Line? {
        var scanned = 0
        while true {
            if let newline = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(buffer[..<newline])
                buffer.removeFirst(newline + 1)
                defer { isSkipping = false }
                return isSkipping || line.count > limit ? .tooLong : .line(line)
            }
            if buffer.count > limit {
                buffer.removeAll()
                isSkipping = true
            }
            scanned = buffer.count
            if isAtEnd || !fill() {
                isAtEnd = true
                defer { buffer = [] }
                return buffer.isEmpty ? nil : .line(buffer)
            }
        }
    }

    private mutating func fill() -> Bool {
        let chunk = [UInt8](unsafeUninitializedCapacity: 64 << 10) { bytes, count in
            repeat {
                count = max(-1, read(STDIN_FILENO, bytes.baseAddress, bytes.count))
            } while count < 0 && errno == EINTR
            count = max(0, count)
        }
        buffer += chunk
        return !chunk.isEmpty
    }
}
