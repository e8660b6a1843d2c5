// SPDX-License-Identifier: Apache-2.0
//
// How the rows of a forward pass are divided into tasks. The division decides
// who computes what and when, never what comes out.

struct Pass: Sendable {
    /// The rows of each sequence.
    let sequences: [Range<Int>]
    let rows: Int
    /// Rows that go through a layer together.
    let rowBlocks: [Range<Int>]
    /// Parts that the heads of a sequence are divided into.
    let headGroups: Int

    /// The only token of each sequence that is read of the last block's output, where there is but one of each.
    let onlyTokens: [Int]?

    /// Rows of a block: few enough for what they leave behind to stay in the cache, many enough to be worth the
    /// weights that are read for them.
    private static let rowBlock = 128
    /// Blocks are divided for more workers down to this.
    private static let leastRowBlock = 32
    /// Beyond this, computing takes longer than reading weights, and every worker would convert all rows for itself.
    private static let mostRowsByColumns = 64

    /// Attention over a multiple of this is divided even for one worker, who else would be long without a checkpoint.
    private static let longSequence = 512

    /// Whether there are too few rows for every worker to have a block, so that matrices are divided instead. All rows
    /// are one block then.
    let isDividedByColumns: Bool

    init(_ batch: ArraySlice<TokenizedText>, for pooling: Pooling?, workers: Int) {
        var sequences: [Range<Int>] = []
        var row = 0
        for text in batch {
            sequences.append(row..<row + text.ids.count)
            row += text.ids.count
        }
        self.sequences = sequences
        rows = row
        let tokens = batch.compactMap { pooling?.onlyToken(of: $0) }
        onlyTokens = tokens.count == sequences.count ? tokens : nil
        isDividedByColumns = row <= min(Self.leastRowBlock * (workers - 1), Self.mostRowsByColumns)
        rowBlocks = isDividedByColumns ? [0..<row] : Self.blocks(of: row, for: workers)
        let longest = sequences.map(\.count).max() ?? 0
        headGroups =
            workers == 1
            ? min(8, max(1, longest / Self.longSequence)) : max(1, 4 * workers / max(1, sequences.count))
    }

    /// Two blocks for every worker, so that one that is late leaves its second to another.
    static func blocks(of rows: Int, for workers: Int) -> [Range<Int>] {
        let share = workers == 1 ? rows : (rows + 2 * workers - 1) / (2 * workers)
        let size = min(rowBlock, max(leastRowBlock, (share + 15) / 16 * 16))
        return stride(from: 0, to: rows, by: size).map { $0..<min($0 + size, rows) }
    }

    /// Rows of one sequence, and the position of the first.
    typealias Stretch = (rows: Range<Int>, position: Int)

    /// What a range of rows holds of each sequence.
    func stretches(of rows: Range<Int>) -> [Stretch] {
        sequences.compactMap { sequence in
            let common = sequence.clamped(to: rows)
            return common.isEmpty ? nil : (common, common.lowerBound - sequence.lowerBound)
        }
    }

    var longest: Int { sequences.map(\.count).max() ?? 0 }
    var largestRowBlock: Int { rowBlocks.first?.count ?? 0 }

    /// The heads of one of the groups.
    func heads(_ group: Int, of heads: Int) -> Range<Int> {
        heads * group / headGroups..<heads * (group + 1) / headGroups
    }
}
