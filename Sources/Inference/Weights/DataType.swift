// SPDX-License-Identifier: Apache-2.0
//
// The element types of safetensors files.

/// An element type by its name in the file, see
/// https://github.com/huggingface/safetensors/blob/main/safetensors/src/tensor.rs (`Dtype`).
public enum DataType: String, Sendable, CaseIterable {
    case bool = "BOOL"
    case f4 = "F4"
    case f6E2M3 = "F6_E2M3"
    case f6E3M2 = "F6_E3M2"
    case u8 = "U8"
    case i8 = "I8"
    case f8E5M2 = "F8_E5M2"
    case f8E4M3 = "F8_E4M3"
    case f8E8M0 = "F8_E8M0"
    case f8E5M2FNUZ = "F8_E5M2FNUZ"
    case f8E4M3FNUZ = "F8_E4M3FNUZ"
    case i16 = "I16"
    case u16 = "U16"
    case f16 = "F16"
    case bf16 = "BF16"
    case i32 = "I32"
    case u32 = "U32"
    case f32 = "F32"
    case c64 = "C64"
    case f64 = "F64"
    case i64 = "I64"
    case u64 = "U64"

    public var bitsPerElement: Int {
        switch self {
        case .f4: 4
        case .f6E2M3, .f6E3M2: 6
        case .bool, .u8, .i8, .f8E5M2, .f8E4M3, .f8E8M0, .f8E5M2FNUZ, .f8E4M3FNUZ: 8
        case .i16, .u16, .f16, .bf16: 16
        case .i32, .u32, .f32: 32
        case .c64, .f64, .i64, .u64: 64
        }
    }

    /// Whether weights of this type can be computed with.
    public var isWeightType: Bool { self == .f32 || self == .f16 || self == .bf16 }
}

extension Float {
    /// The value of IEEE 754 binary16 bits. (`Float16` does not exist on every platform.)
    @inline(__always)
    init(halfBits bits: UInt16) {
        let sign = UInt32(bits & 0x8000) << 16
        let magnitude = UInt32(bits & 0x7FFF) << 13
        if magnitude >= 0x7C00 << 13 {
            self.init(bitPattern: sign | magnitude | 0x7F80_0000)
        } else {
            // Scaling by 2^112 moves the exponent's bias from 15 to 127, subnormals included.
            let scaled = Float(bitPattern: magnitude) * Float(sign: .plus, exponent: 112, significand: 1)
            self.init(bitPattern: scaled.bitPattern | sign)
        }
    }

    /// The value of bfloat16 bits.
    @inline(__always)
    init(bfloat16Bits bits: UInt16) {
        self.init(bitPattern: UInt32(bits) << 16)
    }
}
