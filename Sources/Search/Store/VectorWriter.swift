// SPDX-License-Identifier: Apache-2.0
//
// Appends vectors to the files of a space. What is written here counts only
// once the database says so; until then the next writer overwrites it.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The writing end of a space's vector files; there is at most one, in the process that holds the index's lock.
final class VectorWriter {
    let layout: VectorLayout
    /// The slot that the next vector gets.
    private(set) var count: Int
    private let scan: OpenFile
    private let rows: OpenFile

    /// Makes the files of a new space.
    init(creating name: String, in folder: IndexFolder, space: VectorSpace) throws(SearchError) {
        layout = VectorLayout(space)
        count = 0
        scan = try OpenFile(folder.scan(of: name), O_RDWR | O_CREAT | O_TRUNC)
        rows = try OpenFile(folder.rows(of: name), O_RDWR | O_CREAT | O_TRUNC)
        try write(layout.header(of: .scan)[...], to: scan, at: 0)
        try write(layout.header(of: .rows)[...], to: rows, at: 0)
        try synchronize()
    }

    /// Opens the files of a space to go on after its committed slots.
    /// - Throws: `.damaged` or `.notFound` where the files do not have them.
    init(opening stored: StoredSpace, in folder: IndexFolder) throws(SearchError) {
        // The same checks as for those who read.
        _ = try MappedVectors(stored, in: folder)
        layout = VectorLayout(stored.space)
        count = stored.rows
        scan = try OpenFile(folder.scan(of: stored.vectorsFile), O_RDWR)
        rows = try OpenFile(folder.rows(of: stored.vectorsFile), O_RDWR)
    }

    /// Writes vectors to the next slots.
    /// - Parameter vectors: row-major, a whole number of rows of `dimensions`, all finite.
    /// - Returns: the slot of the first.
    func append(_ vectors: [Float]) throws(SearchError) -> Int {
        let first = count
        let added = vectors.count / layout.dimensions
        try resize(toSlots: first + added)
        try write(vectors[...], to: rows, at: layout.rowOffset(ofSlot: first))
        let quantized = QuantizedRows(vectors, layout: layout)
        // Rows of one block are neighbours, and so are their scales.
        var slot = first
        while slot < first + added {
            let end = min(first + added, (slot / VectorLayout.blockRows + 1) * VectorLayout.blockRows)
            let part = (slot - first)..<(end - first)
            let bytes = part.lowerBound * layout.stride..<part.upperBound * layout.stride
            try write(quantized.bytes[bytes], to: scan, at: layout.scanOffset(ofSlot: slot))
            try write(quantized.scales[part], to: scan, at: layout.scaleOffset(ofSlot: slot))
            slot = end
        }
        count = first + added
        return first
    }

    /// Returns once everything that was appended is on disk.
    func synchronize() throws(SearchError) {
        for file in [rows, scan] {
            #if canImport(Darwin)
                let result = fsync(file.descriptor)
            #else
                let result = fdatasync(file.descriptor)
            #endif
            guard result == 0 else { throw .system("write", file.path) }
        }
    }

    private func resize(toSlots count: Int) throws(SearchError) {
        for (file, kind) in [(scan, VectorLayout.File.scan), (rows, .rows)] {
            guard ftruncate(file.descriptor, off_t(layout.bytes(of: kind, slots: count))) == 0 else {
                throw .system("write", file.path)
            }
        }
    }

    private func write<Value>(_ values: ArraySlice<Value>, to file: OpenFile, at offset: Int) throws(SearchError) {
        try values.withUnsafeBufferPointer { values throws(SearchError) in
            try write(UnsafeRawBufferPointer(values), to: file, at: offset)
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, to file: OpenFile, at offset: Int) throws(SearchError) {
        var position = 0
        while position < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            let written = pwrite(file.descriptor, rest.baseAddress, rest.count, off_t(offset + position))
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw .system("write", file.path) }
            position += written
        }
    }
}

/// A descriptor, closed with the object.
private final class OpenFile {
    let path: String
    let descriptor: Int32

    init(_ path: String, _ flags: Int32) throws(SearchError) {
        self.path = path
        descriptor = open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("open", path) }
    }

    deinit { close(descriptor) }
}

/// Vectors as 8-bit numbers, each with a scale of its own: its largest component becomes 127.
private struct QuantizedRows {
    /// Row-major, `stride` bytes each.
    var bytes: [Int8]
    var scales: [Float]

    init(_ vectors: [Float], layout: VectorLayout) {
        let dimensions = layout.dimensions
        let count = vectors.count / dimensions
        bytes = [Int8](repeating: 0, count: count * layout.stride)
        scales = [Float](repeating: 0, count: count)
        vectors.withUnsafeBufferPointer { vectors in
            bytes.withUnsafeMutableBufferPointer { bytes in
                for row in 0..<count {
                    let values = UnsafeBufferPointer(rebasing: vectors[row * dimensions..<(row + 1) * dimensions])
                    var largest: Float = 0
                    for value in values { largest = max(largest, abs(value)) }
                    if largest == 0 { continue }
                    let inverse = 127 / largest
                    scales[row] = largest / 127
                    for (column, value) in values.enumerated() {
                        bytes[row * layout.stride + column] = Int8(max(-127, min(127, (value * inverse).rounded())))
                    }
                }
            }
        }
    }
}
