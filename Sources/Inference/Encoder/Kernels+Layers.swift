// SPDX-License-Identifier: Apache-2.0
//
// Layers in the kernels' terms. Rows lie next to each other everywhere.

internal import CKernels

extension Kernels {
    /// output[rows, linear.rows] = activation(input[rows, linear.columns] Wᵀ + bias) + residual, or the columns of it
    /// that are asked for.
    func apply(
        _ linear: Linear, rows: Int, to input: UnsafePointer<Float>, activation: Activation? = nil,
        residual: UnsafePointer<Float>? = nil, columns: Range<Int>? = nil, output: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutableRawPointer
    ) {
        withUnsafePointer(to: linear.matrix) { matrix in
            var call = ck_linear()
            call.weights = matrix
            call.bias = linear.bias
            call.x = input
            call.ldx = Int64(linear.columns)
            call.m = Int64(rows)
            call.activation = activation?.kernel ?? CK_IDENTITY
            call.residual = residual
            call.ldresidual = Int64(linear.rows)
            call.out = output
            call.ldout = Int64(linear.rows)
            call.column_begin = Int32(columns?.lowerBound ?? 0)
            call.column_end = Int32(columns?.upperBound ?? linear.rows)
            call.scratch = scratch
            table.pointee.linear(&call)
        }
    }

    /// Normalises rows in place.
    func apply(_ norm: Norm, rows: Int, _ values: UnsafeMutablePointer<Float>) {
        let width = Int64(norm.size)
        table.pointee.layer_norm(
            values, width, Int64(rows), Int32(norm.size), norm.gain, norm.bias, norm.epsilon, values, width)
    }

    func scratchSize(_ linear: Linear, rows: Int) -> Int {
        table.pointee.linear_scratch_size(
            linear.matrix.precision, Int64(rows), linear.matrix.rows, linear.matrix.columns)
    }
}
