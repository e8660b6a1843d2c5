// SPDX-License-Identifier: Apache-2.0
//
// Little-endian numbers and texts from bytes that may end anywhere.

struct ByteReader {
    private let bytes: [UInt8]
    private(set) var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, count <= bytes.count - offset else { return nil }
        offset += count
        return bytes[offset - count..<offset]
    }

    mutating func integer<Integer: FixedWidthInteger>(_ type: Integer.Type = Integer.self) -> Integer? {
        take(MemoryLayout<Integer>.size).map(Integer.init(littleEndian:))
    }

    /// UTF-8 behind its length in 16 bits.
    mutating func text() -> String? {
        integer(UInt16.self).flatMap { take(Int($0)) }.flatMap { String(validating: $0, as: UTF8.self) }
    }
}

extension FixedWidthInteger {
    /// - Parameter bytes: as many as the number has.
    init(littleEndian bytes: some Collection<UInt8>) {
        self = bytes.reversed().reduce(0) { $0 << 8 | Self(truncatingIfNeeded: $1) }
    }

    var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}
