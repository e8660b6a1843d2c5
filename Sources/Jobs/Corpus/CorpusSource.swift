// SPDX-License-Identifier: Apache-2.0
//
// Reads the texts of a corpus in order, without holding the whole file.

internal import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class CorpusSource {
    static let maximumLine = 64 << 20
    private static let chunk = 1 << 20

    private let path: String
    private let descriptor: Int32
    private let isJSON: Bool
    private var pending: [UInt8] = []
    private var position = 0
    private var isAtEnd = false
    private var line = 0

    /// Opens a corpus. Files called `.jsonl` or `.ndjson` hold JSON, others a text per line.
    init(_ path: String, skipping rows: Int = 0) throws(JobsError) {
        self.path = path
        isJSON = path.hasSuffix(".jsonl") || path.hasSuffix(".ndjson")
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Files.error("open", path) }
        for _ in 0..<rows where try nextLine() == nil { return }
    }

    deinit { close(descriptor) }

    /// The next texts, at most so many; none at the end.
    func next(_ count: Int) throws(JobsError) -> [String] {
        var texts: [String] = []
        while texts.count < count, let bytes = try nextLine() { texts.append(try text(bytes)) }
        return texts
    }

    private func text(_ bytes: [UInt8]) throws(JobsError) -> String {
        guard isJSON else {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw JobsError(.invalid, "\(path):\(line): no valid UTF-8")
            }
            return text
        }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw JobsError(.invalid, "\(path):\(line): \(error)")
        }
        guard let text = value.string ?? value["text"]?.string else {
            throw JobsError(.invalid, "\(path):\(line): expected a string, or an object with a \"text\"")
        }
        return text
    }

    /// A line without its end; nil after the last.
    private func nextLine() throws(JobsError) -> [UInt8]? {
        var scanned = position
        while true {
            if let end = pending[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { position = end + 1 }
                return finished(position..<end)
            }
            scanned = pending.count
            if isAtEnd {
                guard position < pending.count else { return nil }
                defer { position = pending.count }
                return finished(position..<pending.count)
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

    private func finished(_ range: Range<Int>) -> [UInt8] {
        line += 1
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

    // MARK: The whole

    /// Length, lines and digest of a corpus.
    static func describe(_ path: String) throws(JobsError) -> CorpusManifest.Source {
        var source = CorpusManifest.Source(bytes: 0, rows: 0, sha256: "")
        var last: UInt8 = UInt8(ascii: "\n")
        source.sha256 = try digest(of: path) { bytes in
            source.bytes += bytes.count
            for byte in bytes where byte == UInt8(ascii: "\n") { source.rows += 1 }
            last = bytes.last ?? last
        }
        if last != UInt8(ascii: "\n") { source.rows += 1 }
        return source
    }

    static func digest(
        of path: String, _ body: (UnsafeRawBufferPointer) -> Void = { _ in }
    ) throws(JobsError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Files.error("open", path) }
        defer { close(descriptor) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 64)
        defer { buffer.deallocate() }
        var hash = SHA256()
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Files.error("read", path) }
            if count == 0 { return hash.finish() }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            hash.update(bytes)
            body(bytes)
        }
    }
}
