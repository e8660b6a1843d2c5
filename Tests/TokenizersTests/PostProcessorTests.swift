// SPDX-License-Identifier: Apache-2.0
//
// Special tokens, token types and truncation.

import JSON
import Testing
import Tokenizers

@Suite struct PostProcessorTests {
    private func tokenizer(_ postProcessor: JSONValue) throws -> Tokenizer {
        try Tokenizer(TinyTokenizer.json(["a", "b"], postProcessor: postProcessor))
    }

    @Test func bertProcessing() throws {
        let tokenizer = try tokenizer(TinyTokenizer.bertProcessing)
        let single = tokenizer.encode("a b", recordOffsets: true)
        #expect(single.ids == [2, 5, 6, 3])
        #expect(single.isSpecial == [true, false, false, true])
        #expect(single.offsets == [0..<0, 0..<1, 2..<3, 0..<0])
        let pair = tokenizer.encode("a", pair: "b")
        #expect(pair.ids == [2, 5, 3, 6, 3])
        #expect(pair.typeIDs == [0, 0, 0, 1, 1])
        let plain = tokenizer.encode("a", pair: "b", addSpecialTokens: false)
        #expect(plain.ids == [5, 6])
        #expect(plain.typeIDs == [0, 1])
    }

    @Test func templatesCanDoAnything() throws {
        let tokenizer = try tokenizer([
            "type": "TemplateProcessing",
            "single": [["Sequence": ["id": "A", "type_id": 7]], ["SpecialToken": ["id": "x", "type_id": 1]]],
            "pair": [["Sequence": ["id": "B", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 1]]],
            "special_tokens": ["x": ["id": "x", "ids": [3, 4], "tokens": ["[SEP]", "[MASK]"]]],
        ])
        #expect(tokenizer.encode("a").ids == [5, 3, 4])
        #expect(tokenizer.encode("a").typeIDs == [7, 1, 1])
        #expect(tokenizer.encode("a", addSpecialTokens: false).typeIDs == [7])
        #expect(tokenizer.encode("a", pair: "b").ids == [6, 5])
    }

    @Test func withoutOneTextsFollowEachOther() throws {
        let tokenizer = try tokenizer(nil)
        #expect(tokenizer.encode("a", pair: "b").ids == [5, 6])
        #expect(tokenizer.encode("a", pair: "b").typeIDs == [0, 1])
    }

    @Test func truncationKeepsSpecialTokens() throws {
        let tokenizer = try tokenizer(TinyTokenizer.bertProcessing)
        let tail = tokenizer.encode("a b a a b", maximumTokens: 4)
        #expect(tail.ids == [2, 5, 6, 3])
        #expect(tail.sourceTokenCount == 7)
        #expect(tail.isTruncated)
        let head = tokenizer.encode("a b a a b", maximumTokens: 4, truncation: .head, recordOffsets: true)
        #expect(head.ids == [2, 5, 6, 3])
        #expect(head.offsets == [0..<0, 6..<7, 8..<9, 0..<0])
        for maximum in [Int.min, -1, 0, 1, 2] {
            #expect(tokenizer.encode("a b", maximumTokens: maximum).ids == [2, 3])
        }
        #expect(!tokenizer.encode("a b", maximumTokens: .max).isTruncated)
        #expect(tokenizer.encode("a b a", maximumTokens: 2, addSpecialTokens: false).ids == [5, 6])
    }

    @Test func theLongerTextIsCutFirst() throws {
        let tokenizer = try tokenizer(TinyTokenizer.bertProcessing)
        func lengths(_ first: Int, _ second: Int, _ maximum: Int) -> [Int] {
            let texts = [first, second].map { String(repeating: "a ", count: $0) }
            let encoding = tokenizer.encode(texts[0], pair: texts[1], maximumTokens: maximum)
            return encoding.ids.split(separator: 3).map { $0.count { $0 == 5 } }
        }
        #expect(lengths(3, 10, 11) == [3, 5])
        #expect(lengths(10, 3, 11) == [5, 3])
        #expect(lengths(10, 10, 11) == [4, 4])
        #expect(lengths(10, 10, 12) == [4, 5])
        #expect(lengths(20, 10, 12) == [5, 4])
        #expect(lengths(1, 1, 11) == [1, 1])
    }
}
