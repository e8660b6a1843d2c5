// SPDX-License-Identifier: Apache-2.0
//
// What the kernel tests share: the tables of this CPU as test arguments,
// reproducible random numbers, and memory as the kernels want it.

import CKernels
import Testing

/// One instruction set that this CPU has. Unchecked: the pointer is to a
/// constant that lives for ever.
struct KernelSet: @unchecked Sendable, CustomTestStringConvertible {
    let pointer: UnsafePointer<ck_kernels>

    var table: ck_kernels { pointer.pointee }
    var testDescription: String { String(cString: table.name) }

    static let available = (CK_ISA_PORTABLE.rawValue...CK_ISA_AMX.rawValue)
        .compactMap { ck_kernels_for(ck_isa($0)) }
        .map(KernelSet.init)

    static let portable = available[0]
}

/// A precision as a test argument.
enum Precision: UInt32, CaseIterable, Sendable {
    case f32, bf16, int8

    var value: ck_precision { ck_precision(rawValue) }
}

/// A linear congruential generator (Knuth's MMIX constants).
struct Random {
    var state: UInt64

    init(_ seed: Int) { state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1 }

    /// Uniform in [-scale, scale).
    mutating func values(_ count: Int, scale: Float = 1) -> [Float] {
        (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31 * scale
        }
    }
}

/// Memory aligned for packed weights and scratch, filled with NaN bits.
final class AlignedMemory {
    let address: UnsafeMutableRawPointer

    init(_ size: Int) {
        address = .allocate(byteCount: max(size, 1), alignment: 64)
        address.initializeMemory(as: UInt8.self, repeating: 0xff, count: max(size, 1))
    }

    deinit { address.deallocate() }
}

/// An array at an address, for as long as this lives.
final class Pinned<Element: BitwiseCopyable> {
    let address: UnsafeMutablePointer<Element>

    init(_ values: [Element]) {
        address = .allocate(capacity: max(values.count, 1))
        address.initialize(from: values, count: values.count)
    }

    deinit { address.deallocate() }
}

/// The largest |a - b|, infinite where either is NaN.
func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
    zip(a, b).reduce(0) { largest, pair in
        let difference = abs(pair.0 - pair.1)
        return difference.isNaN ? .infinity : max(largest, difference)
    }
}

/// Equality of bits, so that NaN equals itself and -0 is not 0.
func sameBits(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern }
}
