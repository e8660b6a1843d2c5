// SPDX-License-Identifier: Apache-2.0
//
// Vectors of hashed words. The hashes are FNV-1a's published ones.

import CassIndex
import Testing

@Suite struct HashEmbedderTests {
    /// FNV-1a of "hello" and "foobar" with 64 bits: 0xa430d84680aabd0b and 0x85944171f73967e8.
    private let hello = Int(UInt64(0xA430_D846_80AA_BD0B) % 384)
    private let foobar = Int(UInt64(0x8594_4171_F739_67E8) % 384)

    private func vector(_ text: String) -> [Float] { HashEmbedder().vectors(of: [text]) }

    @Test func aWordHasAPlaceAndASign() {
        var expected = [Float](repeating: 0, count: 384)
        // Both hashes have their highest bit.
        expected[hello] = 1
        #expect(vector("hello") == expected)
        expected[hello] = 2 / Float(5).squareRoot()
        expected[foobar] = 1 / Float(5).squareRoot()
        #expect(zip(vector("Hello, foobar; HELLO!"), expected).allSatisfy { abs($0 - $1) < 1e-6 })
        // 0xaf63dc4c8601ec8c of "a" is too short to count.
        #expect(vector("a hello b") == vector("hello"))
    }

    @Test func withoutWordsAllPlacesAreEqual() {
        #expect(vector("!?") == [Float](repeating: 1 / Float(384).squareRoot(), count: 384))
    }

    @Test(arguments: [
        ("ΟΔΟΣ ΟΔΟΣ", "οδος οδος"), ("Σ ΑΣ ΑΣΑ", "σ ας ασα"), ("STRASSE İI", "strasse i̇i"),
        ("x_y-z42½", "z42½"), ("日本語 ok", "日本語 ok"),
    ])
    func wordsAreThoseOfRust(text: String, same: String) { #expect(vector(text) == vector(same)) }

    @Test func namesOfModels() throws {
        for name in ["hash", "FNV1A-384"] { #expect(try IndexEmbedder(named: name, isSemantic: true) == .hash) }
        for name in ["minilm", "fastembed", "MiniLM-384", "all-minilm-l6-v2"] {
            #expect(try IndexEmbedder(named: name, isSemantic: true) == .miniLM)
        }
        #expect(try IndexEmbedder(named: "nomic-embed", isSemantic: false) == .hash)
        let error = #expect(throws: CassIndexError.self) { try IndexEmbedder(named: "nomic-embed", isSemantic: true) }
        #expect(error?.message.contains("unsupported semantic model 'nomic-embed'") == true)
    }
}
