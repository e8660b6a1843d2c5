// SPDX-License-Identifier: Apache-2.0
//
// Compatibility decomposition of single scalars (Unicode Standard Annex #15).

enum CompatibilityDecomposition {
    /// Calls `body` with the scalars of the full compatibility decomposition, in order.
    static func forEachScalar(of scalar: UInt32, _ properties: ScalarProperties, _ body: (UInt32) -> Void) {
        guard properties.hasCompatibilityDecomposition else {
            guard properties.hasDecomposition else { return body(scalar) }
            return CanonicalDecomposition.forEachScalar(of: scalar, body)
        }
        let table = UnicodeTables.compatibleDecompositions
        var low = 0
        var high = table.count / 3
        while high - low > 1 {
            let middle = (low + high) / 2
            if table[middle * 3] <= scalar { low = middle } else { high = middle }
        }
        let start = Int(table[low * 3 + 1])
        for index in start..<start + Int(table[low * 3 + 2]) { body(UnicodeTables.compatibleScalars[index]) }
    }
}
