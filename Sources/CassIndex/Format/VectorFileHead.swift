// SPDX-License-Identifier: Apache-2.0
//
// The head of a file of vectors, FSVI version 1: whose vectors they are, and
// where they stand. Source: crates/frankensearch-index/src/lib.rs.

/// The layout of a file, all numbers little-endian:
///
///     "FSVI"  version u16  embedder u16 + UTF-8  revision u16 + UTF-8  dimensions u32  quantization u8
///     generation u8  0 u16  rows u64  offset of the vectors u64  CRC-32 of all before u32
///     per row: FNV-1a of its name u64, where the name begins u32, its bytes u16, flags u16
///     the names, one after another; zeros up to a multiple of 64
///     per row: its vector, float16
///
/// Rows are in the order of their hashes, and of their names where those are equal.
struct VectorFileHead: Sendable, Hashable {
    static let magic = Array("FSVI".utf8)
    static let version: UInt16 = 1
    static let float16: UInt8 = 1
    static let rowBytes = 16
    static let alignment = 64
    /// Names are short here, but they could have 65,535 bytes each.
    static let maximumBytes = 4 + 2 + 2 * (2 + 65_535) + 4 + 4 + 8 + 8 + 4
    /// Flag of a row that was removed.
    static let removed: UInt16 = 1

    var embedder: String
    var revision: String
    var dimensions: Int
    var quantization = Self.float16
    /// Counts how often the file was written anew, from 1, so that a log of changes is known to belong to it.
    var generation: UInt8
    var rows: Int
    var vectorsOffset = 0

    var vectorBytes: Int { dimensions * HalfPrecision.bytes }

    static func generation(after generation: UInt8) -> UInt8 { generation == 255 ? 1 : generation + 1 }

    func encoded() -> [UInt8] {
        var bytes = Self.magic + Self.version.littleEndianBytes
        for text in [embedder, revision] { bytes += UInt16(text.utf8.count).littleEndianBytes + text.utf8 }
        bytes += UInt32(dimensions).littleEndianBytes + [quantization, generation, 0, 0]
        bytes += UInt64(rows).littleEndianBytes + UInt64(vectorsOffset).littleEndianBytes
        return bytes + CRC32.checksum(bytes).littleEndianBytes
    }
}

extension VectorFileHead {
    /// What is wrong with a file, to follow its path.
    struct Problem: Error { var message: String }

    /// - Parameter bytes: the beginning of a file.
    /// - Returns: the head, and how many bytes it has.
    static func parse(_ bytes: [UInt8]) throws(Problem) -> (VectorFileHead, length: Int) {
        var reader = ByteReader(bytes)
        guard let magic = reader.take(4), magic.elementsEqual(Self.magic), let version = reader.integer(UInt16.self)
        else { throw Problem(message: "is no file of vectors (FSVI)") }
        guard version == Self.version else {
            throw Problem(message: "is of version \(version) of its format, not of version \(Self.version)")
        }
        guard let embedder = reader.text(), let revision = reader.text(), let dimensions = reader.integer(UInt32.self),
            let quantization = reader.integer(UInt8.self), let generation = reader.integer(UInt8.self),
            let reserved = reader.integer(UInt16.self), let rows = reader.integer(UInt64.self),
            let vectorsOffset = reader.integer(UInt64.self)
        else { throw Problem(message: "ends within its head") }
        let checksum = CRC32.checksum(bytes[..<reader.offset])
        guard reader.integer(UInt32.self) == checksum else { throw Problem(message: "has a damaged head") }
        guard reserved == 0, let rows = Int(exactly: rows), let vectorsOffset = Int(exactly: vectorsOffset) else {
            throw Problem(message: "has a head with unknown values")
        }
        let head = VectorFileHead(
            embedder: embedder, revision: revision, dimensions: Int(dimensions), quantization: quantization,
            generation: generation, rows: rows, vectorsOffset: vectorsOffset)
        return (head, reader.offset)
    }
}
