// SPDX-License-Identifier: Apache-2.0
//
// MessagePack in its smallest form, as rmp-serde's `to_vec` writes it.

struct MessagePackWriter {
    private(set) var bytes: [UInt8] = []

    mutating func null() { bytes.append(0xC0) }
    mutating func bool(_ value: Bool) { bytes.append(value ? 0xC3 : 0xC2) }

    mutating func integer(_ value: Int) {
        switch value {
        case 0...0x7F: bytes.append(UInt8(value))
        case 0x80...0xFF: bytes += [0xCC, UInt8(value)]
        case 0x100...0xFFFF: append(0xCD, UInt16(value))
        case 0x1_0000...0xFFFF_FFFF: append(0xCE, UInt32(value))
        case 0x1_0000_0000...: append(0xCF, UInt64(value))
        case -32..<0: bytes.append(UInt8(bitPattern: Int8(value)))
        case -128..<(-32): bytes += [0xD0, UInt8(bitPattern: Int8(value))]
        case -32768..<(-128): append(0xD1, UInt16(bitPattern: Int16(value)))
        case -2_147_483_648..<(-32768): append(0xD2, UInt32(bitPattern: Int32(value)))
        default: append(0xD3, UInt64(bitPattern: Int64(value)))
        }
    }

    /// In nine bytes whatever it is, where the length must be known before the value.
    mutating func fixedWidthInteger(_ value: UInt64) { append(0xCF, value) }

    mutating func float(_ value: Float) { append(0xCA, value.bitPattern) }

    mutating func string(_ text: String) {
        let count = text.utf8.count
        switch count {
        case ..<32: bytes.append(0xA0 | UInt8(count))
        case ..<0x100: bytes += [0xD9, UInt8(count)]
        case ..<0x1_0000: append(0xDA, UInt16(count))
        default: append(0xDB, UInt32(truncatingIfNeeded: count))
        }
        bytes += text.utf8
    }

    mutating func optional(_ text: String?) {
        if let text { string(text) } else { null() }
    }

    /// The elements are whatever is written next.
    mutating func array(_ count: Int) {
        switch count {
        case ..<16: bytes.append(0x90 | UInt8(count))
        case ..<0x1_0000: append(0xDC, UInt16(count))
        default: append(0xDD, UInt32(truncatingIfNeeded: count))
        }
    }

    /// The keys and values, alternating, are whatever is written next.
    mutating func map(_ count: Int) {
        switch count {
        case ..<16: bytes.append(0x80 | UInt8(count))
        case ..<0x1_0000: append(0xDE, UInt16(count))
        default: append(0xDF, UInt32(truncatingIfNeeded: count))
        }
    }

    mutating func floats(_ values: some Collection<Float>) {
        array(values.count)
        bytes.reserveCapacity(bytes.count + values.count * 5)
        for value in values { float(value) }
    }

    private mutating func append(_ marker: UInt8, _ value: some FixedWidthInteger) {
        bytes.append(marker)
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}
