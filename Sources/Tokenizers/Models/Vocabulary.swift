// SPDX-License-Identifier: Apache-2.0
//
// Tokens and their ids. Tokens are bytes, never `String`, whose equality is
// canonical equivalence: "é" in one and in two scalars are different tokens.

/// A hash table of tokens over one array of all their bytes.
struct Vocabulary: Sendable {
    /// The hash of a text, extended byte by byte, so that one pass over a word hashes all its prefixes.
    struct Hash: Sendable {
        private var state: UInt64 = 0xCBF2_9CE4_8422_2325

        init() {}

        init(_ bytes: some Sequence<UInt8>) {
            for byte in bytes { combine(byte) }
        }

        mutating func combine(_ byte: UInt8) {
            state = (state ^ UInt64(byte)) &* 0x9E37_79B9_7F4A_7C15
        }

        /// The product's upper bits depend on all bytes; the lower ones hardly do.
        fileprivate var slot: Int { Int(truncatingIfNeeded: state >> 32) }
        fileprivate var tag: UInt64 { state >> 20 & 0xFFFF_FFFF }
    }

    private struct Entry {
        var start: UInt32
        var end: UInt32
        var id: Int32
    }

    private var bytes: [UInt8] = []
    private var entries: [Entry] = []
    /// Open addressing, a power of two: 0 is free, else the upper half is part of the hash and the lower half the
    /// entry's index plus 1.
    private var slots: [UInt64]
    /// Whether the ids of the entries ascend, as they do in most files.
    private var isAscending = true
    /// Where they do not: the entries by ascending id, once `indexIDs` was called.
    private var entriesByID: [UInt32] = []

    private(set) var largestID: Int32 = -1

    var count: Int { entries.count }

    init(minimumCapacity: Int = 32) {
        slots = Array(repeating: 0, count: 1 << (Int.bitWidth - (minimumCapacity * 2).leadingZeroBitCount))
    }
}

// MARK: - Building

extension Vocabulary {
    /// Gives a token an id. A token that is there already changes its id.
    mutating func insert(_ token: some Sequence<UInt8>, id: Int32) {
        let start = bytes.count
        bytes.append(contentsOf: token)
        insertTail(from: start, id: id)
    }

    /// Gives the token that `append` appends the id that it returns; false, and nothing changed, where it returns nil.
    mutating func insert<Failure: Error>(
        _ append: (inout [UInt8]) throws(Failure) -> Int32?
    ) throws(Failure) -> Bool {
        let start = bytes.count
        guard let id = try append(&bytes) else { return false }
        insertTail(from: start, id: id)
        return true
    }

    private mutating func insertTail(from start: Int, id: Int32) {
        if (entries.count + 1) * 2 > slots.count { grow() }
        let hash = Hash(bytes[start...])
        let (slot, found) = slot(of: bytes, start..<bytes.count, prefix: [], hash: hash)
        isAscending = isAscending && found == nil && id > largestID
        largestID = max(largestID, id)
        if let found {
            bytes.removeSubrange(start...)
            entries[found].id = id
        } else {
            entries.append(Entry(start: UInt32(start), end: UInt32(bytes.count), id: id))
            slots[slot] = hash.tag << 32 | UInt64(entries.count)
        }
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        let mask = slots.count - 1
        for index in entries.indices {
            let hash = Hash(token(at: index))
            var slot = hash.slot & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = hash.tag << 32 | UInt64(index + 1)
        }
    }

    /// Prepares `token(for:)`. Returns an id that two tokens share, if there is one.
    mutating func indexIDs() -> Int32? {
        guard !isAscending else { return nil }
        entriesByID = entries.indices.map { UInt32($0) }.sorted { entries[Int($0)].id < entries[Int($1)].id }
        for (first, second) in zip(entriesByID, entriesByID.dropFirst())
        where entries[Int(first)].id == entries[Int(second)].id {
            return entries[Int(first)].id
        }
        return nil
    }
}

// MARK: - Lookup

extension Vocabulary {
    func id(of token: [UInt8]) -> Int32? {
        id(of: token, 0..<token.count, hash: Hash(token))
    }

    /// The id of the token that consists of `prefix` and a part of `text`.
    ///
    /// - Parameter hash: of both, in this order.
    func id(of text: [UInt8], _ range: Range<Int>, prefix: [UInt8] = [], hash: Hash) -> Int32? {
        guard let entry = slot(of: text, range, prefix: prefix, hash: hash).entry else { return nil }
        return entries[entry].id
    }

    /// The token with an id.
    func token(for id: Int32) -> ArraySlice<UInt8>? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            let entry = isAscending ? middle : Int(entriesByID[middle])
            if entries[entry].id == id { return token(at: entry) }
            if entries[entry].id < id { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    /// The length in bytes of the longest token that begins with a prefix; 0 where there is none.
    func longestToken(withPrefix prefix: [UInt8]) -> Int {
        var longest = 0
        for index in entries.indices {
            let token = token(at: index)
            if token.count > longest, token.starts(with: prefix) { longest = token.count }
        }
        return longest
    }

    /// The entry of a token, or the free slot where it would be.
    private func slot(
        of text: [UInt8], _ range: Range<Int>, prefix: [UInt8], hash: Hash
    ) -> (slot: Int, entry: Int?) {
        let mask = slots.count - 1
        var slot = hash.slot & mask
        while slots[slot] != 0 {
            if slots[slot] >> 32 == hash.tag {
                let entry = Int(slots[slot] & 0xFFFF_FFFF) - 1
                if matches(entries[entry], text, range, prefix) { return (slot, entry) }
            }
            slot = (slot + 1) & mask
        }
        return (slot, nil)
    }

    private func matches(_ entry: Entry, _ text: [UInt8], _ range: Range<Int>, _ prefix: [UInt8]) -> Bool {
        guard Int(entry.end - entry.start) == prefix.count + range.count else { return false }
        var index = Int(entry.start)
        for byte in prefix {
            if bytes[index] != byte { return false }
            index += 1
        }
        for position in range {
            if bytes[index] != text[position] { return false }
            index += 1
        }
        return true
    }

    private func token(at entry: Int) -> ArraySlice<UInt8> {
        bytes[Int(entries[entry].start)..<Int(entries[entry].end)]
    }
}
