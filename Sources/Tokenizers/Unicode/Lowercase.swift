// SPDX-License-Identifier: Apache-2.0
//
// Lower case of single scalars, without context: a final sigma is σ here.

enum Lowercase {
    /// Calls `body` with the lower case of a scalar, which is one scalar for all but U+0130.
    static func forEachScalar(of scalar: UInt32, _ properties: ScalarProperties, _ body: (UInt32) -> Void) {
        if scalar < 0x80 {
            body(UInt32(ascii(UInt8(scalar))))
        } else if !properties.hasLowercase {
            body(scalar)
        } else if scalar == 0x0130 {
            body(0x69)
            body(0x0307)
        } else {
            body(mapped(scalar))
        }
    }

    static func ascii(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    /// Finds the last run that begins at or before the scalar.
    private static func mapped(_ scalar: UInt32) -> UInt32 {
        let ranges = UnicodeTables.lowercaseRanges
        var low = 0
        var high = ranges.count / 4
        while high - low > 1 {
            let middle = (low + high) / 2
            if ranges[middle * 4] <= scalar { low = middle } else { high = middle }
        }
        return (scalar + ranges[low * 4 + 3]) % 0x110000
    }
}
