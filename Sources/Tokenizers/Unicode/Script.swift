// SPDX-License-Identifier: Apache-2.0
//
// Unicode's scripts, those of them that patterns of tokenizers ask for.

struct Script: Sendable {
    /// In ascending order.
    let ranges: [ClosedRange<UInt32>]

    /// A script by its name, such as `Han`; nil for others than those in the tables.
    init?(_ name: String) {
        let names = UnicodeTables.scripts.split(separator: " ")
        guard let index = names.firstIndex(where: { $0 == name }) else { return nil }
        let table = UnicodeTables.scriptRanges
        ranges = stride(from: 0, to: table.count, by: 3)
            .filter { table[$0] == UInt32(index) }
            .map { table[$0 + 1]...table[$0 + 2] }
    }

    /// All other scalars.
    var complement: [ClosedRange<UInt32>] {
        var complement: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if next < range.lowerBound { complement.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        return complement + [next...0x10FFFF]
    }
}
