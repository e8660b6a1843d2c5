// SPDX-License-Identifier: Apache-2.0
//
// Finds all tokens that a text begins with.

/// A trie whose edges are in one hash table with open addressing.
struct TokenTrie: Sendable {
    private struct Edge {
        /// The node it leaves, and its byte in the lower 8 bits.
        var key: UInt32 = 0
        /// 0, the root, where the slot is free.
        var target: UInt32 = 0
    }

    private static let maximumNodes = 1 << 24

    private var edges: [Edge]
    private var count = 0
    /// For each node, the token that ends there, or -1.
    private var tokens: [Int32] = [-1]
    /// The nodes after one byte, 0 where there is none: most searches end soon.
    private var first = [UInt32](repeating: 0, count: 256)

    init(minimumCapacity: Int) {
        edges = Array(repeating: Edge(), count: 1 << (Int.bitWidth - (minimumCapacity * 2).leadingZeroBitCount))
    }

    /// Adds a token, which is not empty. Of equal ones, the last counts.
    ///
    /// - Returns: false where there are too many tokens.
    mutating func insert(_ token: some Collection<UInt8>, id: Int32) -> Bool {
        guard tokens.count + token.count <= Self.maximumNodes else { return false }
        var node: UInt32 = 0
        for byte in token {
            if (count + 1) * 4 > edges.count * 3 { grow() }
            let slot = slot(node, byte)
            if edges[slot].target == 0 {
                edges[slot] = Edge(key: Self.key(node, byte), target: UInt32(tokens.count))
                count += 1
                tokens.append(-1)
                if node == 0 { first[Int(byte)] = edges[slot].target }
            }
            node = edges[slot].target
        }
        tokens[Int(node)] = id
        return true
    }

    /// Calls `body` with each token that a part of the text begins with, shortest first, and where it ends.
    func forEachPrefix(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ body: (Int32, Int) -> Void) {
        edges.withUnsafeBufferPointer { edges in
            tokens.withUnsafeBufferPointer { tokens in
                guard var index = range.first else { return }
                var node = first[Int(text[index])]
                let mask = edges.count - 1
                while node != 0 {
                    index += 1
                    if tokens[Int(node)] >= 0 { body(tokens[Int(node)], index) }
                    guard index < range.upperBound else { return }
                    let key = Self.key(node, text[index])
                    var slot = Self.hash(key) & mask
                    while edges[slot].key != key, edges[slot].target != 0 { slot = (slot + 1) & mask }
                    node = edges[slot].target
                }
            }
        }
    }

    private mutating func grow() {
        let old = edges
        edges = Array(repeating: Edge(), count: old.count * 2)
        for edge in old where edge.target != 0 {
            var slot = Self.hash(edge.key) & (edges.count - 1)
            while edges[slot].target != 0 { slot = (slot + 1) & (edges.count - 1) }
            edges[slot] = edge
        }
    }

    private func slot(_ node: UInt32, _ byte: UInt8) -> Int {
        let key = Self.key(node, byte)
        var slot = Self.hash(key) & (edges.count - 1)
        while edges[slot].key != key, edges[slot].target != 0 { slot = (slot + 1) & (edges.count - 1) }
        return slot
    }

    private static func key(_ node: UInt32, _ byte: UInt8) -> UInt32 {
        node << 8 | UInt32(byte)
    }

    private static func hash(_ key: UInt32) -> Int {
        Int(truncatingIfNeeded: (UInt64(key) &* 0x9E37_79B9_7F4A_7C15) >> 33)
    }
}
