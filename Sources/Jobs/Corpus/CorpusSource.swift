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
    private static let chunk = 1 << 20

    private let path: String
    private let isJSON: Bool
    private let lines: LineReader

    /// Opens a corpus. Files called `.jsonl` or `.ndjson` hold JSON, others a text per line.
    init(_ path: String, skipping rows: Int = 0) throws(JobsError) {
        self.path = path
        isJSON = path.hasSuffix(".jsonl") || path.hasSuffix(".ndjson")
        lines = try LineReader(path)
        for _ in 0..<rows where try lines.next() == nil { return }
    }

    /// The next texts, at most so many; none at the end.
    func next(_ count: Int) throws(JobsError) -> [String] {
        var texts: [String] = []
        while texts.count < count, let bytes = try lines.next() { texts.append(try text(bytes)) }
        return texts
    }

    private func text(_ bytes: [UInt8]) throws(JobsError) -> String {
        guard isJSON else {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw JobsError(.invalid, "\(path):\(lines.line): no valid UTF-8")
            }
            return text
        }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw JobsError(.invalid, "\(path):\(lines.line): \(error)")
        }
        guard let text = value.string ?? value["text"]?.string else {
            throw JobsError(.invalid, "\(path):\(lines.line): expected a string, or an object with a \"text\"")
        }
        return text
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
