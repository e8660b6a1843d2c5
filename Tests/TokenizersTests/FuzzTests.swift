// SPDX-License-Identifier: Apache-2.0
//
// Random text never traps, and what comes out is consistent.

import TestSupport
import Testing
import Tokenizers

@Suite struct FuzzTests {
    private static let interesting: [UInt32] = [
        0x00, 0x09, 0x20, 0x23, 0x41, 0x5B, 0x61, 0x7F, 0x85, 0xA0, 0xC9, 0xE9, 0x130, 0x300, 0x301, 0x316, 0x344,
        0x3A3, 0xF73, 0x1100, 0x1161, 0x11A8, 0x1EC7, 0x200D, 0x302E, 0x3000, 0x4E00, 0xAC00, 0xD7A3, 0xE000, 0xF900,
        0xFE0F, 0xFFFD, 0xFFFF, 0x1D15E, 0x1F469, 0x2F800, 0xE0001, 0x10FFFF,
    ]

    private func text(_ random: inout SeededGenerator) -> String {
        var scalars = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...40, using: &random) {
            let value =
                switch Int.random(in: 0...3, using: &random) {
                case 0: UInt32.random(in: 0...0x10FFFF, using: &random)
                case 1: UInt32.random(in: 0x20...0x7E, using: &random)
                default: Self.interesting.randomElement(using: &random) ?? 0
                }
            if let scalar = Unicode.Scalar(value) { scalars.append(scalar) }
        }
        return String(scalars)
    }

    @Test(arguments: Fixture.all)
    func randomTextNeverTraps(fixture: Fixture) throws {
        let tokenizer = try fixture.tokenizer()
        // A token that takes white space which another one matches may lie inside of it.
        let mayOverlap = fixture.name.contains("strange") || fixture.name.contains("no stages")
        var random = SeededGenerator(seed: 42)
        for _ in 0..<300 {
            let text = text(&random)
            let length = text.unicodeScalars.count
            let encoding = tokenizer.encode(text, addSpecialTokens: false, recordOffsets: true)
            #expect(encoding.ids.allSatisfy { 0..<Int32(tokenizer.vocabularySize) ~= $0 })
            #expect(encoding.ids.count == encoding.offsets.count)
            #expect(encoding.ids.count == encoding.typeIDs.count)
            #expect(encoding.ids.count == encoding.isSpecial.count)
            #expect(encoding.offsets.allSatisfy { $0.upperBound <= length })
            if !mayOverlap, fixture.name != "sequences" {
                for (left, right) in zip(encoding.offsets, encoding.offsets.dropFirst()) {
                    #expect(left.lowerBound <= right.lowerBound && left.upperBound <= right.upperBound)
                }
            }
            #expect(tokenizer.encode(text, addSpecialTokens: false).ids == encoding.ids)
        }
    }
}
