// SPDX-License-Identifier: Apache-2.0
//
// Rows that are added one batch after another, each with a checksum: cass's log
// of changes beside an index, and Hearth's own of a pass that is not finished.
// Source: crates/frankensearch-index/src/wal.rs.

/// The layout, all numbers little-endian:
///
///     "FWAL"  version u16  dimensions u32  quantization u8  generation u8  0 u32  CRC-32 of all before u32
///     per batch: "FWB1"  rows u32, per row: name u16 + UTF-8 and its vector, float16; CRC-32 of the batch u32
struct VectorLog {
    private static let headBytes = 20
    private static let batchMagic = Array("FWB1".utf8)

    let file: RegularFile
    /// Of the file of vectors that would have these rows.
    let generation: UInt8
    /// In the order in which they were added.
    private(set) var rows: [VectorFile.Row]
    /// Where the last whole batch ends.
    private(set) var length: Int

    /// Reads a log as far as it is whole.
    /// - Returns: nil where it is no log of 384 dimensions.
    init?(reading file: RegularFile) throws(CassIndexError) {
        var window = FileWindow(file)
        guard let bytes = try window.take(Self.headBytes), let generation = Self.generation(bytes) else { return nil }
        self.file = file
        self.generation = generation
        rows = []
        length = Self.headBytes
        while let batch = try Self.batch(&window) {
            rows += batch
            length = window.offset
        }
    }

    /// Begins a log in an empty file.
    init(beginning file: RegularFile, generation: UInt8) throws(CassIndexError) {
        let head =
            Array("FWAL".utf8) + UInt16(1).littleEndianBytes + UInt32(IndexEmbedder.dimensions).littleEndianBytes
            + [VectorFileHead.float16, generation, 0, 0, 0, 0]
        try file.write(head + CRC32.checksum(head).littleEndianBytes, at: 0)
        self.file = file
        self.generation = generation
        rows = []
        length = Self.headBytes
    }

    /// - Parameter vectors: 384 values of each name.
    mutating func append(_ names: [String], _ vectors: [Float]) throws(CassIndexError) {
        var batch = Self.batchMagic + UInt32(names.count).littleEndianBytes
        let dimensions = IndexEmbedder.dimensions
        for (index, name) in names.enumerated() {
            batch += UInt16(name.utf8.count).littleEndianBytes + name.utf8
            rows.append(VectorFile.Row(name: name, place: VectorPlace(file: file, offset: length + batch.count)))
            for value in vectors[index * dimensions..<(index + 1) * dimensions] {
                batch += HalfPrecision.bits(of: value).littleEndianBytes
            }
        }
        batch += CRC32.checksum(batch).littleEndianBytes
        try file.write(batch, at: length)
        length += batch.count
    }

    private static func generation(_ bytes: ArraySlice<UInt8>) -> UInt8? {
        var reader = ByteReader(Array(bytes))
        guard let magic = reader.take(4), magic.elementsEqual("FWAL".utf8), reader.integer(UInt16.self) == 1,
            reader.integer(UInt32.self) == UInt32(IndexEmbedder.dimensions),
            reader.integer(UInt8.self) == VectorFileHead.float16, let generation = reader.integer(UInt8.self),
            reader.integer(UInt32.self) == 0, reader.integer(UInt32.self) == CRC32.checksum(bytes.dropLast(4))
        else { return nil }
        return generation
    }

    /// - Returns: nil where the log ends, or is damaged from here on.
    private static func batch(_ window: inout FileWindow) throws(CassIndexError) -> [VectorFile.Row]? {
        window.checksum = CRC32()
        guard let magic = try window.take(4), magic.elementsEqual(batchMagic), let count = try window.take(4) else {
            return nil
        }
        var rows: [VectorFile.Row] = []
        for _ in 0..<UInt32(littleEndian: count) {
            guard let size = try window.take(2), let bytes = try window.take(Int(UInt16(littleEndian: size))),
                let name = String(validating: bytes, as: UTF8.self)
            else { return nil }
            rows.append(VectorFile.Row(name: name, place: VectorPlace(file: window.file, offset: window.offset)))
            guard try window.take(IndexEmbedder.dimensions * HalfPrecision.bytes) != nil else { return nil }
        }
        let checksum = window.checksum.value
        guard let stored = try window.take(4), UInt32(littleEndian: stored) == checksum else { return nil }
        return rows
    }
}

/// Goes through a file from its beginning, with a checksum of what it saw.
private struct FileWindow {
    private static let size = 1 << 20

    let file: RegularFile
    private(set) var offset = 0
    var checksum = CRC32()
    private var bytes: ArraySlice<UInt8> = []

    init(_ file: RegularFile) { self.file = file }

    /// - Returns: nil where the file ends before.
    mutating func take(_ count: Int) throws(CassIndexError) -> ArraySlice<UInt8>? {
        if bytes.count < count {
            var next = [UInt8](repeating: 0, count: max(Self.size, count))
            let read = try file.read(next.count, at: offset, into: &next)
            bytes = next[..<read]
            guard read >= count else { return nil }
        }
        let taken = bytes.prefix(count)
        bytes = bytes.dropFirst(count)
        offset += count
        checksum.update(taken)
        return taken
    }
}
