// SPDX-License-Identifier: Apache-2.0
//
// `merges` of a BPE model, read without building a tree.

import JSON

struct MergeList {
    private var bytes: [UInt8] = []
    /// Where the two tokens of each pair end.
    private var ends: [(left: Int, right: Int)] = []

    /// Reads pairs, written as `["a", "b"]` or as `"a b"`.
    init(_ reader: inout JSONReader) throws(JSONError) {
        try reader.beginArray()
        while try reader.nextElement() {
            let start = bytes.count
            if try reader.peek() == .array {
                try reader.beginArray()
                var count = 0
                var left = start
                while try reader.nextElement() {
                    left = count == 1 ? bytes.count : left
                    try reader.readUTF8(appendingTo: &bytes)
                    count += 1
                }
                guard count == 2 else { throw JSONError("a merge of \(count) tokens", offset: reader.position) }
                ends.append((left, bytes.count))
            } else {
                try reader.readUTF8(appendingTo: &bytes)
                if bytes[start...].starts(with: "#version".utf8) {
                    bytes.removeSubrange(start...)
                    continue
                }
                let spaces = bytes[start...].indices.filter { bytes[$0] == UInt8(ascii: " ") }
                guard spaces.count == 1 else {
                    throw JSONError("a merge with \(spaces.count) spaces", offset: reader.position)
                }
                bytes.remove(at: spaces[0])
                ends.append((spaces[0], bytes.count))
            }
        }
    }

    /// - Parameter prefix: what the right token of a pair loses, if it is not the word's first.
    func table(_ vocabulary: Vocabulary, prefix: [UInt8]) throws(TokenizerError) -> MergeTable {
        var table = MergeTable(capacity: ends.count)
        var start = 0
        for (rank, end) in ends.enumerated() {
            let left = start..<end.left
            let right = end.left..<end.right
            start = end.right
            guard right.count >= prefix.count else {
                throw .malformed("the token '\(spelling(right))' of model.merges is shorter than the prefix")
            }
            let merged = Array(bytes[left] + bytes[right.dropFirst(prefix.count)])
            guard let leftID = id(left, vocabulary), let rightID = id(right, vocabulary),
                let id = vocabulary.id(of: merged)
            else {
                throw .malformed("model.merges has '\(spelling(left)) \(spelling(right))', which model.vocab lacks")
            }
            table.insert(leftID, rightID, MergeTable.Merge(rank: UInt32(rank), id: id))
        }
        return table
    }

    private func id(_ range: Range<Int>, _ vocabulary: Vocabulary) -> Int32? {
        vocabulary.id(of: bytes, range, hash: Vocabulary.Hash(bytes[range]))
    }

    private func spelling(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }
}
