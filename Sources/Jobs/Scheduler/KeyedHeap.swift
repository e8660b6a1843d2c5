// SPDX-License-Identifier: Apache-2.0
//
// A priority queue whose elements can be moved and taken out from the middle,
// in logarithmic time.

struct KeyedHeap<Element: Hashable & Sendable, Key: Comparable & Sendable>: Sendable {
    private var entries: [(element: Element, key: Key)] = []
    private var positions: [Element: Int] = [:]

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }
    /// The element with the least key.
    var first: (element: Element, key: Key)? { entries.first }
    var elements: some Collection<Element> { positions.keys }

    func key(of element: Element) -> Key? { positions[element].map { entries[$0].key } }

    /// Adds an element, or gives it another key.
    mutating func set(_ element: Element, to key: Key) {
        if let position = positions[element] {
            entries[position].key = key
            sink(rise(position))
        } else {
            entries.append((element, key))
            positions[element] = entries.count - 1
            rise(entries.count - 1)
        }
    }

    @discardableResult
    mutating func remove(_ element: Element) -> Key? {
        guard let position = positions.removeValue(forKey: element) else { return nil }
        let key = entries[position].key
        let last = entries.removeLast()
        if position < entries.count {
            entries[position] = last
            positions[last.element] = position
            sink(rise(position))
        }
        return key
    }

    mutating func popFirst() -> (element: Element, key: Key)? {
        guard let first = entries.first else { return nil }
        remove(first.element)
        return first
    }

    @discardableResult
    private mutating func rise(_ start: Int) -> Int {
        var position = start
        while position > 0 {
            let parent = (position - 1) / 2
            guard entries[position].key < entries[parent].key else { break }
            swap(position, parent)
            position = parent
        }
        return position
    }

    private mutating func sink(_ start: Int) {
        var position = start
        while true {
            var least = position
            for child in 2 * position + 1...2 * position + 2
            where child < entries.count && entries[child].key < entries[least].key {
                least = child
            }
            if least == position { return }
            swap(position, least)
            position = least
        }
    }

    private mutating func swap(_ one: Int, _ other: Int) {
        entries.swapAt(one, other)
        positions[entries[one].element] = one
        positions[entries[other].element] = other
    }
}
