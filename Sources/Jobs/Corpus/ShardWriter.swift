// SPDX-License-Identifier: Apache-2.0
//
// One file of vectors: under a temporary name until it is whole and on the disk.

internal import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class ShardWriter {
    private let path: String
    private let format: CorpusFormat
    private let dimensions: Int
    private let descriptor: Int32
    private var hash = SHA256()
    private var bytes = 0
    private var isWhole = false

    init(_ path: String, format: CorpusFormat, rows: Int, dimensions: Int) throws(JobsError) {
        self.path = path
        self.format = format
        self.dimensions = dimensions
        descriptor = open("\(path).part", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Files.error("create", "\(path).part") }
        if format == .npy { try write(raw: NPYHeader(rows: rows, dimensions: dimensions).bytes) }
    }

    deinit {
        close(descriptor)
        // What it could be finished with comes again.
        if !isWhole { unlink("\(path).part") }
    }

    /// Adds vectors, one after the other.
    func write(_ values: [Float]) throws(JobsError) {
        switch format {
        case .npy:
            let littleEndian = values.map(\.bitPattern.littleEndian)
            try littleEndian.withUnsafeBufferPointer { (buffer) throws(JobsError) in
                try write(UnsafeRawBufferPointer(buffer))
            }
        case .jsonl:
            var text: [UInt8] = []
            for start in stride(from: 0, to: values.count, by: dimensions) {
                var writer = JSONWriter(reservingCapacity: dimensions * 13)
                writer.numbers(values[start..<start + dimensions])
                text += writer.bytes + [UInt8(ascii: "\n")]
            }
            try write(raw: text)
        }
    }

    private func write(raw text: [UInt8]) throws(JobsError) {
        try text.withUnsafeBufferPointer { (buffer) throws(JobsError) in try write(UnsafeRawBufferPointer(buffer)) }
    }

    private func write(_ buffer: UnsafeRawBufferPointer) throws(JobsError) {
        hash.update(buffer)
        bytes += buffer.count
        try Files.write(buffer, to: descriptor, path: "\(path).part")
    }

    /// Puts the file on the disk, whole, under its temporary name.
    func finish() throws(JobsError) -> (bytes: Int, sha256: String) {
        guard fsync(descriptor) == 0 else { throw Files.error("write", "\(path).part") }
        isWhole = true
        return (bytes, hash.finish())
    }

    /// Removes a finished file again.
    static func discard(_ path: String) { Files.remove("\(path).part") }

    /// Gives a finished file its name.
    static func publish(_ path: String) throws(JobsError) {
        guard rename("\(path).part", path) == 0 else { throw Files.error("rename", "\(path).part") }
        try Files.sync(Files.folder(of: path))
    }
}

/// The head of a NumPy file, version 1.0:
/// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
struct NPYHeader {
    let rows: Int
    let dimensions: Int

    var bytes: [UInt8] {
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), \(dimensions)), }"
        // Magic, version and length take 10 bytes; the whole ends in a newline at a multiple of 64.
        let padding = (64 - (10 + text.utf8.count + 1) % 64) % 64
        let length = text.utf8.count + padding + 1
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 255), UInt8(length >> 8)] + Array(text.utf8)
            + [UInt8](repeating: UInt8(ascii: " "), count: padding) + [UInt8(ascii: "\n")]
    }
}
