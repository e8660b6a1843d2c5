// SPDX-License-Identifier: Apache-2.0
//
// The format of the two vector files of a space, `vectors-<n>.i8` and
// `vectors-<n>.f32`: which bytes a slot has in each.
//
// A scan over all vectors reads 8-bit rows and nothing else, at a quarter of
// the bytes; the best of them are computed anew from float32 rows. They are two
// files because each then only grows at its end, and because the pages of the
// second are read for a few rows only. Rows are kept as float32 and not as
// 16-bit floats: they are exact, they are off the path that needs to be fast,
// and both files can be written again from them.
//
// All numbers are little-endian. Both files begin with a header of 128 bytes:
//
//     0   8  magic "hearthv\n"
//     8   4  version of the format, 1
//     12  4  layout: 1 = .i8, 2 = .f32
//     16  4  dimensions
//     20  4  rows in a block of .i8, 64
//     24  8  zero
//     32  32 SHA-256 of the space id
//
// `.f32` then has one row of `dimensions` floats per slot. `.i8` has blocks of
// 64 slots: 64 rows of `stride` bytes (`dimensions` rounded up to 64, the rest
// zero), then 64 float32 scales; value = scale × byte. Both files have room for
// whole blocks; a slot that was never written is zero.

struct VectorLayout: Sendable, Hashable {
    static let headerBytes = 128
    static let blockRows = 64
    private static let magic: [UInt8] = Array("hearthv\n".utf8)
    private static let version: UInt32 = 1

    enum File: UInt32, Sendable, CaseIterable {
        case scan = 1
        case rows = 2
    }

    let dimensions: Int
    private let space: Digest

    init(_ space: VectorSpace) {
        dimensions = space.dimensions
        self.space = Digest(of: space.id)
    }

    /// Bytes from one 8-bit row to the next; rows begin on cache lines.
    var stride: Int { (dimensions + 63) & ~63 }
    var blockBytes: Int { Self.blockRows * stride + Self.blockRows * MemoryLayout<Float>.stride }
    private var rowBytes: Int { dimensions * MemoryLayout<Float>.stride }

    /// Where the 8-bit row of a slot begins.
    func scanOffset(ofSlot slot: Int) -> Int {
        Self.headerBytes + slot / Self.blockRows * blockBytes + slot % Self.blockRows * stride
    }

    /// Where the scale of a slot is.
    func scaleOffset(ofSlot slot: Int) -> Int {
        Self.headerBytes + slot / Self.blockRows * blockBytes + Self.blockRows * stride
            + slot % Self.blockRows * MemoryLayout<Float>.stride
    }

    /// Where the float32 row of a slot begins.
    func rowOffset(ofSlot slot: Int) -> Int { Self.headerBytes + slot * rowBytes }

    /// How long a file is that has room for `count` slots.
    func bytes(of file: File, slots count: Int) -> Int {
        let blocks = (count + Self.blockRows - 1) / Self.blockRows
        return switch file {
        case .scan: Self.headerBytes + blocks * blockBytes
        case .rows: Self.headerBytes + blocks * Self.blockRows * rowBytes
        }
    }

    func header(of file: File) -> [UInt8] {
        var header = Self.magic
        for number in [Self.version, file.rawValue, UInt32(dimensions), UInt32(Self.blockRows), 0, 0] {
            withUnsafeBytes(of: number.littleEndian) { header += $0 }
        }
        space.withBytes { header += $0 }
        return header + [UInt8](repeating: 0, count: Self.headerBytes - header.count)
    }
}
