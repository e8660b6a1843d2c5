// SPDX-License-Identifier: Apache-2.0
//
// Finds many byte strings in a text at once: at each position the longest one,
// from left to right, without overlap.

struct PatternTrie: Sendable {
    struct Match: Sendable, Equatable {
        var range: Range<Int>
        var id: Int32
    }

    private struct Node {
        /// The pattern that ends here, or -1.
        var id: Int32 = -1
        /// The edges that leave: a range in `edgeBytes` and `edgeTargets`, the bytes ascending.
        var edges: Range<Int> = 0..<0
    }

    private var nodes: [Node] = []
    private var edgeBytes: [UInt8] = []
    private var edgeTargets: [Int] = []
    /// For each byte, the node after a pattern's first byte; 0, the root, where no pattern begins with it.
    private var first = [Int](repeating: 0, count: 256)

    var isEmpty: Bool { nodes.isEmpty }

    /// - Parameter patterns: none is empty. Of equal ones, the first counts.
    init(_ patterns: [(bytes: [UInt8], id: Int32)]) {
        if patterns.isEmpty { return }
        let sorted = patterns.enumerated().sorted { a, b in
            if a.element.bytes == b.element.bytes { return a.offset < b.offset }
            return a.element.bytes.lexicographicallyPrecedes(b.element.bytes)
        }.map(\.element)
        // Each node is made of the patterns that share its path; breadth first, so that depth costs no stack.
        nodes = [Node()]
        var pending = [(node: 0, patterns: sorted[...], depth: 0)]
        var position = 0
        while position < pending.count {
            var (node, patterns, depth) = pending[position]
            position += 1
            if let ended = patterns.first, ended.bytes.count == depth {
                nodes[node].id = ended.id
                patterns = patterns.drop { $0.bytes.count == depth }
            }
            let firstEdge = edgeBytes.count
            while let byte = patterns.first?.bytes[depth] {
                let group = patterns.prefix { $0.bytes[depth] == byte }
                patterns = patterns.dropFirst(group.count)
                edgeBytes.append(byte)
                edgeTargets.append(nodes.count)
                pending.append((nodes.count, group, depth + 1))
                nodes.append(Node())
            }
            nodes[node].edges = firstEdge..<edgeBytes.count
        }
        for edge in nodes[0].edges { first[Int(edgeBytes[edge])] = edgeTargets[edge] }
    }

    func matches(in text: [UInt8], _ range: Range<Int>) -> [Match] {
        var matches: [Match] = []
        if isEmpty { return matches }
        var index = range.lowerBound
        while index < range.upperBound {
            let node = first[Int(text[index])]
            if node != 0, let match = longestMatch(from: node, in: text, index..<range.upperBound) {
                matches.append(match)
                index = match.range.upperBound
            } else {
                index += 1
            }
        }
        return matches
    }

    private func longestMatch(from node: Int, in text: [UInt8], _ range: Range<Int>) -> Match? {
        var node = node
        var end = range.lowerBound + 1
        var match: Match?
        while true {
            if nodes[node].id >= 0 { match = Match(range: range.lowerBound..<end, id: nodes[node].id) }
            guard end < range.upperBound, let next = child(of: node, text[end]) else { return match }
            node = next
            end += 1
        }
    }

    private func child(of node: Int, _ byte: UInt8) -> Int? {
        var edges = nodes[node].edges
        while let low = edges.first {
            let middle = (low + edges.upperBound) / 2
            if edgeBytes[middle] == byte { return edgeTargets[middle] }
            edges = edgeBytes[middle] < byte ? middle + 1..<edges.upperBound : low..<middle
        }
        return nil
    }
}
