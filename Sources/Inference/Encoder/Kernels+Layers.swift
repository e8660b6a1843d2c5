// SPDX-License-Identifier: Apache-2.0
//
// Layers in the kernels' terms. Rows lie next to each other unless a stride says otherwise.

internal import CKernels

extension Kernels {
    /// output[rows, linear.rows] = activation(input[rows, linear.columns] Wᵀ + bias) · factor + residual, or the
    /// columns of it that are asked for. Factor and residual may be the output.
    /// - Parameter stride: from one row of the input to the next.
    func apply(
        _ linear: Linear, rows: Int, to input: UnsafePointer<Float>, stride: Int? = nil, activation: Activation? = nil,
        factor: UnsafePointer<Float>? = nil, residual: UnsafePointer<Float>? = nil, columns: Range<Int>? = nil,
        output: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
    ) {
        withUnsafePointer(to: linear.matrix) { matrix in
            var call = ck_linear()
            call.weights = matrix
            call.bias = linear.bias
            call.x = input
            call.ldx = Int64(stride ?? linear.columns)
            call.m = Int64(rows)
            call.activation = activation?.kernel ?? CK_IDENTITY
            call.factor = factor
            call.ldfactor = Int64(linear.rows)
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
    /// - Parameter stride: from one row to the next.
    func apply(_ norm: Norm, rows: Int, _ values: UnsafeMutablePointer<Float>, stride: Int? = nil) {
        apply(norm, rows: rows, values, to: values, stride: stride)
    }

    /// Normalises rows into others of the same stride.
    func apply(
        _ norm: Norm, rows: Int, _ values: UnsafePointer<Float>, to output: UnsafeMutablePointer<Float>,
        stride: Int? = nil
    ) {
        let stride = Int64(stride ?? norm.size)
        switch norm.kind {
        case .layer:
            table.pointee.layer_norm(
                values, stride, Int64(rows), Int32(norm.size), norm.gain, norm.bias, norm.epsilon, output, stride)
        case .rootMeanSquare:
            table.pointee.rms_norm(
                values, stride, Int64(rows), Int32(norm.size), norm.gain, norm.epsilon, output, stride)
        }
    }

    func scratchSize(_ linear: Linear, rows: Int) -> Int {
        table.pointee.linear_scratch_size(
            linear.matrix.precision, Int64(rows), linear.matrix.rows, linear.matrix.columns)
    }
}
