// SPDX-License-Identifier: Apache-2.0
//
// Scalars in arrays of valid UTF-8, without `String`.

extension [UInt8] {
    /// The scalar that begins at `index`, and its length in bytes. The bytes are valid UTF-8.
    func scalar(at index: Int) -> (value: UInt32, length: Int) {
        let lead = UInt32(self[index])
        switch lead {
        case 0..<0x80: return (lead, 1)
        case 0x80..<0xE0: return ((lead & 0x1F) << 6 | trail(index + 1), 2)
        case 0xE0..<0xF0: return ((lead & 0x0F) << 12 | trail(index + 1) << 6 | trail(index + 2), 3)
        default:
            let value = (lead & 0x07) << 18 | trail(index + 1) << 12 | trail(index + 2) << 6 | trail(index + 3)
            return (value, 4)
        }
    }

    /// The scalar that ends before `index`, which is above 0, and its length in bytes.
    func scalar(before index: Int) -> (value: UInt32, length: Int) {
        var start = index - 1
        while start > 0, isContinuation(at: start) { start -= 1 }
        return scalar(at: start)
    }

    func isContinuation(at index: Int) -> Bool {
        self[index] & 0xC0 == 0x80
    }

    private func trail(_ index: Int) -> UInt32 {
        UInt32(self[index] & 0x3F)
    }

    func scalarCount(in range: Range<Int>) -> Int {
        var count = 0
        for index in range where !isContinuation(at: index) { count += 1 }
        return count
    }

    mutating func append(scalar: UInt32) {
        switch scalar {
        case 0..<0x80:
            append(UInt8(truncatingIfNeeded: scalar))
        case 0x80..<0x800:
            append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
            append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        case 0x800..<0x10000:
            append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
            append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
            append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        default:
            append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
            append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 12 & 0x3F))
            append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
            append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        }
    }
}

/// Scalars in buffers of valid UTF-8.
enum UTF8Scalar {
    /// The length of the scalar that begins with a byte.
    static func length(_ lead: UInt8) -> Int {
        lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    }

    static func decode(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) -> (value: UInt32, length: Int) {
        let lead = UInt32(bytes[index])
        func trail(_ offset: Int) -> UInt32 { UInt32(bytes[index + offset] & 0x3F) }
        switch lead {
        case 0..<0x80: return (lead, 1)
        case 0x80..<0xE0: return ((lead & 0x1F) << 6 | trail(1), 2)
        case 0xE0..<0xF0: return ((lead & 0x0F) << 12 | trail(1) << 6 | trail(2), 3)
        default: return ((lead & 0x07) << 18 | trail(1) << 12 | trail(2) << 6 | trail(3), 4)
        }
    }
}
