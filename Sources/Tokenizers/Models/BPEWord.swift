// SPDX-License-Identifier: Apache-2.0
//
// The tokens of one word while they merge. It knows neither text nor vocabulary.

struct BPEWord {
    struct Symbol {
        var id: Int32
        /// In bytes; 0 once it is part of the symbol before it.
        var length: Int32
        /// What it and the next symbol merge to.
        var merge = MergeTable.Merge.none
    }

    private(set) var symbols: [Symbol] = []
    /// The neighbours of symbols that remain, in long words.
    private var previous: [Int32] = []
    private var next: [Int32] = []
    private var queue: [UInt64] = []

    /// Above this count a queue is faster than looking at all symbols for each merge.
    private static let longestScanned = 40

    mutating func removeAll() {
        symbols.removeAll(keepingCapacity: true)
    }

    mutating func append(_ id: Int32, length: Int) {
        symbols.append(Symbol(id: id, length: Int32(length)))
    }

    /// Merges the pair of the smallest rank, the first one where there are several, until none is left.
    mutating func mergeAll(_ merges: MergeTable) {
        guard symbols.count > 1 else { return }
        for index in 1..<symbols.count {
            symbols[index - 1].merge = merges.merge(symbols[index - 1].id, symbols[index].id)
        }
        if symbols.count <= Self.longestScanned { scan(merges) } else { mergeQueued(merges) }
    }

    private mutating func scan(_ merges: MergeTable) {
        var count = symbols.count
        symbols.withUnsafeMutableBufferPointer { symbols in
            while true {
                var best = 0
                var rank = UInt32.max
                for index in 0..<count - 1 where symbols[index].merge.rank < rank {
                    rank = symbols[index].merge.rank
                    best = index
                }
                if rank == .max { break }
                symbols[best].id = symbols[best].merge.id
                symbols[best].length += symbols[best + 1].length
                count -= 1
                for index in best + 1..<Swift.max(count, best + 1) { symbols[index] = symbols[index + 1] }
                symbols[best].merge =
                    best + 1 < count ? merges.merge(symbols[best].id, symbols[best + 1].id) : .none
                if best > 0 { symbols[best - 1].merge = merges.merge(symbols[best - 1].id, symbols[best].id) }
            }
        }
        symbols.removeLast(symbols.count - count)
    }

    private mutating func mergeQueued(_ merges: MergeTable) {
        previous = (0..<Int32(symbols.count)).map { $0 - 1 }
        next = (0..<Int32(symbols.count)).map { $0 + 1 }
        queue.removeAll(keepingCapacity: true)
        for index in symbols.indices { enqueue(index) }
        while let top = dequeue() {
            let index = Int(top & 0xFFFF_FFFF)
            // Of a pair that is no more, the entry is out of date.
            guard symbols[index].length > 0, symbols[index].merge.rank == UInt32(top >> 32) else { continue }
            let right = Int(next[index])
            let after = Int(next[right])
            symbols[index].id = symbols[index].merge.id
            symbols[index].length += symbols[right].length
            symbols[right].length = 0
            next[index] = Int32(after)
            symbols[index].merge = .none
            if after < symbols.count {
                previous[after] = Int32(index)
                symbols[index].merge = merges.merge(symbols[index].id, symbols[after].id)
                enqueue(index)
            }
            let before = Int(previous[index])
            if before >= 0 {
                symbols[before].merge = merges.merge(symbols[before].id, symbols[index].id)
                enqueue(before)
            }
        }
        symbols.removeAll { $0.length == 0 }
    }

    // MARK: A binary heap of ranks and indices

    private mutating func enqueue(_ index: Int) {
        guard symbols[index].merge.rank != .max else { return }
        queue.append(UInt64(symbols[index].merge.rank) << 32 | UInt64(index))
        var child = queue.count - 1
        while child > 0, queue[child] < queue[(child - 1) / 2] {
            queue.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func dequeue() -> UInt64? {
        guard let top = queue.first, let last = queue.popLast() else { return nil }
        guard !queue.isEmpty else { return top }
        var parent = 0
        while case var child = parent * 2 + 1, child < queue.count {
            if child + 1 < queue.count, queue[child + 1] < queue[child] { child += 1 }
            if last <= queue[child] { break }
            queue[parent] = queue[child]
            parent = child
        }
        queue[parent] = last
        return top
    }
}
