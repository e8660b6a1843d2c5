// SPDX-License-Identifier: Apache-2.0
//
// Unigram: of all ways to split a word into tokens, the one with the largest
// sum of scores (Kudo, 2018, "Subword Regularization").

struct Unigram: Sendable {
    let vocabulary: Vocabulary
    private let scores: [Double]
    private let trie: TokenTrie
    /// What stands for characters that no token covers; nil where the model has no such token, and they are left out.
    private let unknownID: Int32?
    private let unknownScore: Double
    /// The ids of the tokens for single bytes, or -1; nil where unknown characters do not become such.
    private let byteTokens: [Int32]?

    /// What an unknown character costs beyond the worst token.
    private static let unknownPenalty = 10.0

    init(_ list: ScoredTokenList, unknownID: Int32?, fallsBackToBytes: Bool) throws(TokenizerError) {
        if let unknownID, Int(unknownID) >= list.scores.count {
            throw .malformed("model.unk_id is \(unknownID), but there are \(list.scores.count) tokens")
        }
        vocabulary = list.vocabulary
        scores = list.scores
        trie = list.trie
        self.unknownID = unknownID
        unknownScore = (list.scores.min() ?? 0) - Self.unknownPenalty
        byteTokens = fallsBackToBytes ? list.vocabulary.byteTokens() : nil
    }

    /// The best way to a position in a word.
    private struct Node {
        var score = 0.0
        /// Where the last token begins; -1 where no way leads here.
        var start = -1
        var id: Int32 = -1
    }

    func tokenize(_ text: NormalizedText, _ words: [Range<Int>], into tokens: inout TokenList) {
        var nodes: [Node] = []
        var path: [(start: Int, id: Int32)] = []
        for word in words {
            search(text.bytes, word, &nodes)
            path.removeAll(keepingCapacity: true)
            var end = word.count
            while end > 0 {
                let node = nodes[end]
                // Adjacent unknown characters are one token.
                if let last = path.last, last.id == node.id, node.id == unknownID || node.id < 0 {
                    path[path.count - 1].start = node.start
                } else {
                    path.append((node.start, node.id))
                }
                end = node.start
            }
            for index in path.indices.reversed() {
                let start = word.lowerBound + path[index].start
                let end = index > 0 ? word.lowerBound + path[index - 1].start : word.upperBound
                append(path[index].id, text, start..<end, to: &tokens)
            }
        }
    }

    /// Fills in the best way to each position.
    private func search(_ bytes: [UInt8], _ word: Range<Int>, _ nodes: inout [Node]) {
        nodes.removeAll(keepingCapacity: true)
        nodes.append(contentsOf: repeatElement(Node(), count: word.count + 1))
        bytes.withUnsafeBufferPointer { bytes in
            scores.withUnsafeBufferPointer { scores in
                nodes.withUnsafeMutableBufferPointer { nodes in
                    var position = 0
                    while position < word.count {
                        let start = word.lowerBound + position
                        let length = UTF8Scalar.length(bytes[start])
                        let score = nodes[position].score
                        var hasCharacter = false
                        trie.forEachPrefix(bytes, start..<word.upperBound) { id, end in
                            let end = end - word.lowerBound
                            if end - position == length { hasCharacter = true }
                            let candidate = score + scores[Int(id)]
                            if nodes[end].start < 0 || candidate > nodes[end].score {
                                nodes[end] = Node(score: candidate, start: position, id: id)
                            }
                        }
                        if !hasCharacter {
                            let candidate = score + unknownScore
                            let end = position + length
                            if nodes[end].start < 0 || candidate > nodes[end].score {
                                nodes[end] = Node(score: candidate, start: position, id: unknownID ?? -1)
                            }
                        }
                        position += length
                    }
                }
            }
        }
    }

    private func append(_ id: Int32, _ text: NormalizedText, _ range: Range<Int>, to tokens: inout TokenList) {
        guard id == unknownID || id < 0 else { return tokens.append(id, text, range) }
        // What is unknown as a whole may be a token nevertheless, such as the unknown token itself.
        if let id = vocabulary.id(of: text.bytes, range, hash: Vocabulary.Hash(text.bytes[range])) {
            return tokens.append(id, text, range)
        }
        if let byteTokens, !text.bytes[range].contains(where: { byteTokens[Int($0)] < 0 }) {
            for byte in text.bytes[range] { tokens.append(byteTokens[Int(byte)], text, range) }
        } else if let unknownID {
            tokens.append(unknownID, text, range)
        }
    }
}
