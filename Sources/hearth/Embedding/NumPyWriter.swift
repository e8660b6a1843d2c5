// SPDX-License-Identifier: Apache-2.0
//
// NumPy's array file, version 1.0
// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
// Its header holds the number of vectors: a file gets it in the end, for a pipe
// the vectors are collected first.

import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class NumPyWriter: VectorWriter {
    /// Where the header is in the file; nil where it cannot be written later.
    private let headerOffset: off_t?
    private var count = 0
    private var dimensions: Int?
    private var collected: [Float] = []

    init() { headerOffset = Self.seekableOffset() }

    var needsResult: Bool { true }

    func write(_ result: EmbedResult) throws {
        if dimensions == nil {
            dimensions = result.dimensions
            if headerOffset != nil { try Output.write(Self.header(count: 0, dimensions: result.dimensions)) }
        }
        count += result.count
        if headerOffset == nil {
            collected += result.embeddings
        } else {
            try result.embeddings.withUnsafeBytes { try Output.write($0) }
        }
    }

    func finish() throws {
        guard let dimensions else { return }
        let header = Self.header(count: count, dimensions: dimensions)
        guard let headerOffset else {
            try Output.write(header)
            return try collected.withUnsafeBytes { try Output.write($0) }
        }
        let written = header.withUnsafeBytes { pwrite(STDOUT_FILENO, $0.baseAddress, $0.count, headerOffset) }
        guard written == header.count else {
            throw CommandError("output", "cannot write the header: \(String(cString: strerror(errno)))")
        }
    }

    /// 128 bytes whatever the numbers are, so that it can be replaced in place.
    private static func header(count: Int, dimensions: Int) -> [UInt8] {
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(count), \(dimensions)), }"
        let length = 128 - 10
        var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)]
        bytes += text.utf8
        bytes += repeatElement(UInt8(ascii: " "), count: 127 - bytes.count)
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    /// The position in standard output, if it is a file in which an earlier place can be written.
    private static func seekableOffset() -> off_t? {
        var entry = stat()
        guard fstat(STDOUT_FILENO, &entry) == 0, entry.st_mode & S_IFMT == S_IFREG else { return nil }
        // Files opened for appending are written at their end only.
        if fcntl(STDOUT_FILENO, F_GETFL) & O_APPEND != 0 { return nil }
        let offset = lseek(STDOUT_FILENO, 0, SEEK_CUR)
        return offset >= 0 ? offset : nil
    }
}
