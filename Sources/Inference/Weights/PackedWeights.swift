// SPDX-License-Identifier: Apache-2.0
//
// A model's weights in the kernels' own format, in memory that is never written again.

internal import CKernels

/// A linear layer, ready for the kernels.
// Safe to share: what the pointers lead to is read-only, and outlives the layers in their `PackedWeights`.
struct Linear: @unchecked Sendable {
    var matrix: ck_matrix
    var bias: UnsafePointer<Float>?

    var rows: Int { Int(matrix.rows) }
    var columns: Int { Int(matrix.columns) }
}

/// A norm, ready for the kernels.
// Safe to share for the same reason as `Linear`.
struct Norm: @unchecked Sendable {
    var kind: NormSource.Kind
    var gain: UnsafePointer<Float>
    var bias: UnsafePointer<Float>?
    var size: Int
    var epsilon: Float
}

// Safe to share: nothing writes to the memory after `init`.
final class PackedWeights: @unchecked Sendable {
    private let base: UnsafeRawPointer
    private let precision: Precision
    /// Keeps the memory.
    private let owner: AnyObject

    /// Packs into memory of this process.
    init(_ plan: PackingPlan, from weights: WeightFiles, progress: (Int) -> Void = { _ in }) throws(ModelError) {
        try plan.check(weights)
        let pages = try Pages(count: plan.size)
        try plan.packAll(from: weights, progress: progress) { item, bytes in
            UnsafeMutableRawBufferPointer(rebasing: pages.bytes[item.offset..<item.offset + item.size])
                .copyMemory(from: bytes)
        }
        base = UnsafeRawPointer(pages.start)
        precision = plan.precision
        owner = pages
    }

    /// Uses the items of a mapped file, which start at `offset`.
    init?(_ plan: PackingPlan, in file: MappedFile, at offset: Int) {
        guard let start = file.bytes.baseAddress, file.bytes.count >= offset + plan.size else { return nil }
        base = start + offset
        precision = plan.precision
        owner = file
    }

    func linear(_ slot: PackingPlan.LinearSlot) -> Linear {
        Linear(
            matrix: ck_matrix(
                precision: precision.kernel, rows: Int32(slot.rows), columns: Int32(slot.columns),
                packed: base + slot.matrix),
            bias: slot.bias.map(floats))
    }

    func norm(_ slot: PackingPlan.NormSlot) -> Norm {
        Norm(
            kind: slot.kind, gain: floats(slot.gain), bias: slot.bias.map(floats), size: slot.size,
            epsilon: slot.epsilon)
    }

    private func floats(_ offset: Int) -> UnsafePointer<Float> {
        (base + offset).assumingMemoryBound(to: Float.self)
    }
}
