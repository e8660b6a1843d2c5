// SPDX-License-Identifier: Apache-2.0
//
// Numbers of 16 bits (IEEE 754 binary16), in bits: Swift has no such type on
// every machine.

enum HalfPrecision {
    static let bytes = 2

    /// The nearest number, the even one of two that are equally near; infinity beyond the largest.
    static func bits(of value: Float) -> UInt16 {
        let bits = value.bitPattern
        let sign = UInt16(truncatingIfNeeded: bits >> 16 & 0x8000)
        let exponent = Int(bits >> 23 & 0xFF) - 127
        var mantissa = bits & 0x7F_FFFF
        if exponent == 128 { return sign | 0x7C00 | (mantissa == 0 ? 0 : 0x200) }
        if exponent > 15 { return sign | 0x7C00 }
        // Below 2^-14 numbers have a fixed distance of 2^-24; half of that and less is 0.
        if exponent < -25 { return sign }
        mantissa |= 0x80_0000
        let shift = exponent < -14 ? UInt32(-1 - exponent) : 13
        let half = UInt32(1) << (shift - 1)
        var rounded = mantissa >> shift
        let rest = mantissa & (half << 1 - 1)
        if rest > half || (rest == half && rounded & 1 == 1) { rounded += 1 }
        // The bit that float32 leaves out adds one to the exponent, and so does what rounding carries.
        return sign | UInt16(exponent < -14 ? rounded : UInt32(exponent + 14) << 10 + rounded)
    }

    static func isFinite(_ bits: UInt16) -> Bool { bits & 0x7C00 != 0x7C00 }
}
