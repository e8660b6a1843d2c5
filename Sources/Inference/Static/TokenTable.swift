// SPDX-License-Identifier: Apache-2.0
//
// A static embedding model: a text's vector is the mean of its tokens' rows in a table, which stays in its file.

internal import CKernels

struct TokenTable: Sendable {
    private let rows: Tensor
    private let mapping: [Int32]?
    private let factors: [Float]?
    let dimensions: Int
    let vocabulary: Int

    /// The mean of a million tokens is as quick and as good as that of ten.
    static let maxTokens = 1 << 20

    /// - Throws: `.unsupported` for element types, `.corrupt` for rows that are not there, `.notFinite`.
    init(_ source: TokenTableSource) throws(ModelError) {
        rows = source.rows
        dimensions = source.dimensions
        vocabulary = source.vocabulary
        mapping = try source.mapping?.integers()
        factors = try source.factors?.floats()
        if let row = mapping?.first(where: { !(0..<source.rows.shape[0]).contains(Int($0)) }) {
            throw ModelError(
                .corrupt, "tensor 'mapping' names the row \(row) of a table of \(source.rows.shape[0]) rows")
        }
    }

    /// Looks for NaN and infinity, which takes reading all of the table.
    func checkIsFinite() throws(ModelError) {
        guard rows.dataType == .i8 || rows.isFinite() else { throw .notFinite(rows) }
    }

    /// Writes the mean of the tokens' rows, which is zero for no tokens.
    func mean(_ ids: [Int32], into target: UnsafeMutablePointer<Float>, _ kernels: Kernels) {
        target.update(repeating: 0, count: dimensions)
        for id in ids { add(id, to: target, kernels) }
        let scale = 1 / Float(max(ids.count, 1))
        for index in 0..<dimensions { target[index] *= scale }
    }

    /// Adds a token's row to what is there.
    func add(_ id: Int32, to target: UnsafeMutablePointer<Float>, _ kernels: Kernels) {
        let row = mapping.map { Int($0[Int(id)]) } ?? Int(id)
        let range = row * dimensions..<(row + 1) * dimensions
        if let factors {
            rows.add(range, times: factors[Int(id)], to: target)
        } else if let floats = rows.floats(range) {
            kernels.table.pointee.add(target, floats, Int64(dimensions))
        } else {
            rows.add(range, to: target)
        }
    }
}

extension Tensor {
    /// Elements of float32 where they are, if they are aligned.
    fileprivate func floats(_ range: Range<Int>) -> UnsafePointer<Float>? {
        guard dataType == .f32, let base = file.bytes.baseAddress, offset.isMultiple(of: MemoryLayout<Float>.alignment)
        else { return nil }
        return (base + offset).assumingMemoryBound(to: Float.self) + range.lowerBound
    }

    /// All elements of an integer type that fit.
    fileprivate func integers() throws(ModelError) -> [Int32] {
        let base = UnsafeRawBufferPointer(rebasing: file.bytes[offset...])
        return try (0..<elementCount).map { index throws(ModelError) in
            let value: Int? =
                switch dataType {
                case .i64: Int(exactly: base.loadUnaligned(fromByteOffset: index * 8, as: Int64.self))
                case .i32: Int(base.loadUnaligned(fromByteOffset: index * 4, as: Int32.self))
                case .u32: Int(base.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
                default: nil
                }
            guard let value = value.flatMap(Int32.init(exactly:)) else {
                throw ModelError(
                    .unsupported,
                    "tensor '\(name)' is of type \(dataType.rawValue), or its element \(index) is too large; "
                        + "I64 and I32 up to \(Int32.max) can be used")
            }
            return value
        }
    }

    /// All elements as float32.
    fileprivate func floats() throws(ModelError) -> [Float] {
        var values = [Float](repeating: 0, count: elementCount)
        if dataType == .f64 {
            let base = UnsafeRawBufferPointer(rebasing: file.bytes[offset...])
            for index in values.indices {
                values[index] = Float(base.loadUnaligned(fromByteOffset: index * 8, as: Double.self))
            }
        } else if dataType.isWeightType {
            values.withUnsafeMutableBufferPointer { values in
                if let base = values.baseAddress { copy(0..<elementCount, to: base) }
            }
        } else {
            throw ModelError(
                .unsupported,
                "tensor '\(name)' is of type \(dataType.rawValue); F64, F32, F16 and BF16 can be used")
        }
        guard values.allSatisfy(\.isFinite) else { throw .notFinite(self) }
        return values
    }
}
