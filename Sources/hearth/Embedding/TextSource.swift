// SPDX-License-Identifier: Apache-2.0
//
// Texts from a file or pipe, one per line, in bounded memory.

import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum InputFormat: String, CaseIterable {
    /// A line is a text.
    case lines
    /// A line is a JSON string, or an object whose member `text` is one.
    case jsonl
}

struct TextSource: ~Copyable {
    enum Item {
        case text(String)
        /// Nothing more has come so far.
        case pause
        case end
    }

    private let descriptor: Int32
    private let name: String
    private let format: InputFormat
    private var buffer: [UInt8] = []
    private var start = 0
    private var scanned = 0
    private var lineNumber = 0
    private var isAtEnd = false

    private static let chunk = 1 << 17
    /// A line that is longer is refused: it would have to be held in memory, and no model reads that far.
    private static let longestLine = 32 << 20

    /// - Parameter path: a file; `-` is standard input.
    init(path: String, format: InputFormat) throws {
        self.format = format
        if path == "-" {
            descriptor = STDIN_FILENO
            name = "standard input"
        } else {
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            name = "'\(path)'"
            guard descriptor >= 0 else {
                throw CommandError("input", "cannot open '\(path)': \(String(cString: strerror(errno)))")
            }
        }
    }

    deinit { if descriptor != STDIN_FILENO { close(descriptor) } }

    /// Whether standard input is something that texts were put into: a pipe, a file or a socket.
    static var isAvailableOnStandardInput: Bool {
        var entry = stat()
        guard fstat(STDIN_FILENO, &entry) == 0 else { return false }
        return [S_IFIFO, S_IFREG, S_IFSOCK].contains(entry.st_mode & S_IFMT)
    }

    /// The number of lines, for a file that can be read twice.
    func countLines() -> Int64? {
        var entry = stat()
        guard fstat(descriptor, &entry) == 0, entry.st_mode & S_IFMT == S_IFREG else { return nil }
        var offset = lseek(descriptor, 0, SEEK_CUR)
        guard offset >= 0 else { return nil }
        var chunk = [UInt8](repeating: 0, count: Self.chunk)
        var count: Int64 = 0
        var last = UInt8(ascii: "\n")
        while true {
            let length = pread(descriptor, &chunk, chunk.count, offset)
            guard length > 0 else { return count + (last == UInt8(ascii: "\n") ? 0 : 1) }
            for byte in chunk[..<length] where byte == UInt8(ascii: "\n") { count += 1 }
            last = chunk[length - 1]
            offset += off_t(length)
        }
    }

    /// The next text.
    ///
    /// - Parameter waits: whether to wait for one, or to say that there is a pause.
    mutating func next(waits: Bool) throws -> Item {
        while true {
            if let newline = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = buffer[start..<newline]
                start = newline + 1
                scanned = start
                return .text(try text(of: line))
            }
            scanned = buffer.count
            if buffer.count - start > Self.longestLine {
                throw invalid("is longer than \(Self.longestLine >> 20) MiB", line: lineNumber + 1)
            }
            if isAtEnd {
                guard start < buffer.count else { return .end }
                let line = buffer[start...]
                start = buffer.count
                return .text(try text(of: line))
            }
            if !waits, !hasInput() { return .pause }
            try fill()
        }
    }

    private func hasInput() -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) != 0
    }

    private mutating func fill() throws {
        buffer.removeFirst(start)
        scanned -= start
        start = 0
        let used = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: Self.chunk))
        var count: Int
        repeat {
            count = buffer.withUnsafeMutableBytes { bytes in
                read(descriptor, bytes.baseAddress?.advanced(by: used), Self.chunk)
            }
        } while count < 0 && errno == EINTR
        let reason = errno
        buffer.removeLast(Self.chunk - max(0, count))
        if count < 0 { throw CommandError("input", "cannot read \(name): \(String(cString: strerror(reason)))") }
        if count == 0 { isAtEnd = true }
    }

    private mutating func text(of line: ArraySlice<UInt8>) throws -> String {
        lineNumber += 1
        let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        switch format {
        case .lines:
            guard let text = String(validating: line, as: UTF8.self) else { throw invalid("is not valid UTF-8") }
            return text
        case .jsonl:
            let expected = "must be a JSON string or an object with the string \"text\""
            if line.isEmpty { throw invalid("is empty; it \(expected)") }
            let json: JSONValue
            do {
                json = try JSONValue(parsing: Array(line))
            } catch {
                throw invalid("is not JSON: \(error)")
            }
            guard let text = json.string ?? json["text"]?.string else { throw invalid(expected) }
            return text
        }
    }

    private func invalid(_ reason: String, line: Int? = nil) -> CommandError {
        CommandError("input", "line \(line ?? lineNumber) of \(name) \(reason)")
    }
}
