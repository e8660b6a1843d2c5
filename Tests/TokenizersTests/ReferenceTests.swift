// SPDX-License-Identifier: Apache-2.0
//
// Against what the reference library recorded for nasty texts.

import Testing
import Tokenizers

@Suite struct ReferenceTests {
    @Test func fixturesAreThere() {
        #expect(Fixture.all.count > 35)
        #expect(Fixture.all.allSatisfy { $0.cases.count > 30 })
    }

    @Test(arguments: Fixture.all)
    func encodingsAreThoseOfTheReference(fixture: Fixture) throws {
        let tokenizer = try fixture.tokenizer()
        for example in fixture.cases {
            let encoding = example.encode(with: tokenizer, recordOffsets: true)
            let comment: Comment = "\(example.first.debugDescription), \(String(describing: example.second))"
            #expect(encoding.ids == example.ids, comment)
            #expect(encoding.typeIDs == example.typeIDs, comment)
            #expect(encoding.offsets == example.offsets, comment)
            #expect(encoding.isSpecial == example.isSpecial, comment)
            #expect(encoding.isTruncated == (encoding.sourceTokenCount > example.ids.count))
            if example.maximumTokens == nil { #expect(encoding.sourceTokenCount == example.ids.count) }
        }
    }

    @Test(arguments: Fixture.all)
    func offsetsChangeNothingElse(fixture: Fixture) throws {
        let tokenizer = try fixture.tokenizer()
        for example in fixture.cases {
            let encoding = example.encode(with: tokenizer, recordOffsets: false)
            #expect(encoding.ids == example.ids)
            #expect(encoding.typeIDs == example.typeIDs)
            #expect(encoding.isSpecial == example.isSpecial)
            #expect(encoding.offsets.isEmpty)
        }
    }
}
