// SPDX-License-Identifier: Apache-2.0
//
// A named array in a mapped file: a view, converted to float32 where it is read.

/// A view on the bytes of one tensor, row-major; keeps its file mapped.
public struct Tensor: Sendable {
    public let name: String
    public let dataType: DataType
    public let shape: [Int]
    let file: MappedFile
    /// Offset of the first element in the file's bytes; of any alignment.
    let offset: Int

    /// The same under another name.
    func renamed(_ name: String) -> Tensor {
        Tensor(name: name, dataType: dataType, shape: shape, file: file, offset: offset)
    }

    public var elementCount: Int { shape.reduce(1, *) }

    /// Copies elements as float32.
    ///
    /// The tensor must be of a weight type (`DataType.isWeightType`) or of 8-bit integers, and the range inside of it.
    func copy(_ range: Range<Int>, to target: UnsafeMutablePointer<Float>) {
        let source = bytes(range)
        if dataType == .f32, let base = source.baseAddress {
            UnsafeMutableRawPointer(target).copyMemory(from: base, byteCount: source.count)
        } else {
            read(range) { target[$0] = $1 }
        }
    }

    /// Adds elements, as float32, to what is there.
    func add(_ range: Range<Int>, to target: UnsafeMutablePointer<Float>) {
        read(range) { target[$0] += $1 }
    }

    /// Adds elements, as float32 and multiplied by a factor, to what is there.
    func add(_ range: Range<Int>, times factor: Float, to target: UnsafeMutablePointer<Float>) {
        read(range) { target[$0] += $1 * factor }
    }

    /// Whether no element is NaN or infinite.
    func isFinite() -> Bool {
        var check = FiniteCheck()
        read(0..<elementCount) { check.include($1) }
        return check.passed
    }

    private func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        let width = dataType.bitsPerElement / 8
        return UnsafeRawBufferPointer(
            rebasing: file.bytes[(offset + range.lowerBound * width)..<(offset + range.upperBound * width)])
    }

    @inline(__always)
    private func read(_ range: Range<Int>, _ body: (Int, Float) -> Void) {
        let source = bytes(range)
        switch dataType {
        case .f32:
            for index in 0..<range.count {
                body(index, Float(bitPattern: source.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)))
            }
        case .f16:
            for index in 0..<range.count {
                body(index, Float(halfBits: source.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)))
            }
        case .bf16:
            for index in 0..<range.count {
                body(index, Float(bfloat16Bits: source.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)))
            }
        case .i8:
            for index in 0..<range.count { body(index, Float(source.load(fromByteOffset: index, as: Int8.self))) }
        default:
            preconditionFailure("\(dataType.rawValue) is not a weight type")
        }
    }
}

/// Looks for NaN and infinity in many values, without a branch for each.
struct FiniteCheck {
    private var carries: UInt32 = 0

    /// An exponent of all ones, which both have, carries into the sign's place when one is added to it.
    @inline(__always)
    mutating func include(_ value: Float) {
        carries |= (value.bitPattern & 0x7FFF_FFFF) &+ 0x0080_0000
    }

    var passed: Bool { carries & 0x8000_0000 == 0 }
}
