// SPDX-License-Identifier: Apache-2.0
//
// Answers to recent inputs, within a bound of bytes; the least recently used
// goes first.

import Synchronization

/// What a vector cache holds and has been good for.
public struct VectorCacheFigures: Sendable, Hashable {
    public var entries = 0
    public var bytes = 0
    public var limit = 0
    public var hits: UInt64 = 0
    public var misses: UInt64 = 0
}

final class VectorCache: Sendable {
    let limit: Int
    private let contents = Mutex(Contents())

    /// - Parameter limit: in bytes; 0 keeps nothing.
    init(limit: Int) { self.limit = limit }

    var figures: VectorCacheFigures {
        var figures = contents.withLock { $0.figures }
        figures.limit = limit
        return figures
    }

    func answer(_ key: TextKey) -> Answer? {
        guard limit > 0 else { return nil }
        return contents.withLock { $0.answer(key) }
    }

    func insert(_ answer: Answer, _ key: TextKey) {
        guard Contents.size(answer) <= limit else { return }
        contents.withLock { $0.insert(answer, key, limit: limit) }
    }
}

/// A table of places in a doubly linked list, which runs from the most to the least recently used.
private struct Contents {
    private struct Node {
        let key: TextKey
        let answer: Answer
        var newer = none
        var older = none
    }

    private static let none = -1
    /// What an entry takes beside its values: node, place, array header.
    private static let overhead = 176

    private var places: [TextKey: Int] = [:]
    private var nodes: [Node?] = []
    private var free: [Int] = []
    private var newest = none
    private var oldest = none
    private(set) var figures = VectorCacheFigures()

    static func size(_ answer: Answer) -> Int { answer.vector.count * MemoryLayout<Float>.stride + overhead }

    mutating func answer(_ key: TextKey) -> Answer? {
        guard let place = places[key] else {
            figures.misses += 1
            return nil
        }
        figures.hits += 1
        unlink(place)
        linkAsNewest(place)
        return nodes[place]?.answer
    }

    mutating func insert(_ answer: Answer, _ key: TextKey, limit: Int) {
        guard places[key] == nil else { return }
        let place = free.popLast() ?? nodes.count
        if place == nodes.count { nodes.append(nil) }
        nodes[place] = Node(key: key, answer: answer)
        places[key] = place
        linkAsNewest(place)
        figures.entries += 1
        figures.bytes += Self.size(answer)
        while figures.bytes > limit { dropOldest() }
    }

    private mutating func unlink(_ place: Int) {
        guard let node = nodes[place] else { return }
        if node.newer == Self.none { newest = node.older } else { nodes[node.newer]?.older = node.older }
        if node.older == Self.none { oldest = node.newer } else { nodes[node.older]?.newer = node.newer }
    }

    private mutating func linkAsNewest(_ place: Int) {
        nodes[place]?.newer = Self.none
        nodes[place]?.older = newest
        if newest == Self.none { oldest = place } else { nodes[newest]?.newer = place }
        newest = place
    }

    private mutating func dropOldest() {
        guard oldest != Self.none, let node = nodes[oldest] else { return }
        let place = oldest
        unlink(place)
        nodes[place] = nil
        free.append(place)
        places[node.key] = nil
        figures.entries -= 1
        figures.bytes -= Self.size(node.answer)
    }
}
