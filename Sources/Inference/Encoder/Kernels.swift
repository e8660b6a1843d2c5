// SPDX-License-Identifier: Apache-2.0
//
// Which instruction set computes, and in which arithmetic.

internal import CKernels

/// How a model's matrix products are computed.
public enum Precision: String, Sendable, CaseIterable {
    /// float32 weights and activations.
    case f32
    /// Weights and activations rounded to bfloat16, sums in float32.
    case bf16
    /// 8-bit weights per output and activations per token: fastest, and visibly less exact.
    case int8

    var kernel: ck_precision {
        switch self {
        case .f32: CK_F32
        case .bf16: CK_BF16
        case .int8: CK_INT8
        }
    }
}

/// The kernels of one instruction set.
struct Kernels: Sendable {
    // Safe to share: points to a constant table that lives as long as the process.
    nonisolated(unsafe) let table: UnsafePointer<ck_kernels>

    /// The fastest that this CPU has.
    static let best = Kernels(table: ck_kernels_best())

    private init(table: UnsafePointer<ck_kernels>) {
        self.table = table
    }

    /// The kernels called `name`: portable, neon, avx2, avx512 or amx.
    init(named name: String) throws(ModelError) {
        let available = Self.available
        guard let kernels = available.first(where: { $0.name == name }) else {
            let names = available.map(\.name).joined(separator: ", ")
            throw ModelError(.unsupported, "this CPU has no kernels '\(name)'; it has \(names)")
        }
        self = kernels
    }

    /// What this CPU can run.
    static var available: [Kernels] {
        [CK_ISA_PORTABLE, CK_ISA_NEON, CK_ISA_AVX2, CK_ISA_AVX512, CK_ISA_AMX]
            .compactMap { ck_kernels_for($0).map(Kernels.init(table:)) }
    }

    var name: String { String(cString: table.pointee.name) }

    /// Changes whenever the packed format does.
    var layoutVersion: UInt32 { table.pointee.layout_version }

    /// Ranges of a matrix's columns start at a multiple of this.
    var columnStep: Int { Int(table.pointee.column_step) }

    /// Whether the CPU has instructions for this arithmetic, rather than imitating it.
    func computes(_ precision: Precision) -> Bool {
        table.pointee.precisions >> precision.kernel.rawValue & 1 == 1
    }
}

extension Processors {
    /// The kernels that this CPU can run, from the plainest to the fastest.
    public static var instructionSets: [String] { Kernels.available.map(\.name) }
}
