// SPDX-License-Identifier: Apache-2.0
//
// The checksum of frankensearch's files, and of cass's names of sources: CRC-32
// (ISO 3309), as in zip.

struct CRC32 {
    private var state: UInt32 = 0xFFFF_FFFF

    var value: UInt32 { ~state }

    mutating func update(_ bytes: some Sequence<UInt8>) {
        var state = state
        for byte in bytes { state = state >> 8 ^ Self.table[Int((state ^ UInt32(byte)) & 255)] }
        self.state = state
    }

    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var sum = CRC32()
        sum.update(bytes)
        return sum.value
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }
}
