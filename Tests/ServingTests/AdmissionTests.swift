// SPDX-License-Identifier: Apache-2.0
//
// Who gets in, and how much must be finished for those who do not.

import Serving
import TestSupport
import Testing

@Suite("Admission")
struct AdmissionTests {
    private let first = ClientID(connection: 1)
    private let second = ClientID(connection: 2)

    @Test func oneClientMayHaveThreeQuarters() {
        #expect(AdmissionLimits(tokens: 100).tokensPerClient == 75)
        #expect(AdmissionLimits().tokensPerClient == 3_000_000)
    }

    @Test func refusesBeyondTheLimitAndSaysByHowMuch() {
        var admission = Admission(limits: AdmissionLimits(tokens: 100, tokensPerClient: 100))
        #expect(admission.admit(80, of: first) == nil)
        #expect(admission.admit(50, of: first) == 30)
        admission.finish(80, of: first)
        #expect(admission.admit(50, of: first) == nil)
        #expect(admission.tokens == 50)
        #expect(admission.requests == 1)
    }

    @Test func oneClientLeavesRoomForOthers() {
        var admission = Admission(limits: AdmissionLimits(tokens: 100, tokensPerClient: 60))
        #expect(admission.admit(60, of: first) == nil)
        #expect(admission.admit(1, of: first) == 1)
        #expect(admission.admit(30, of: second) == nil)
    }

    @Test func aRequestLargerThanAnyLimitGetsInWhenItIsTheClientsOnly() {
        var admission = Admission(limits: AdmissionLimits(tokens: 100, tokensPerClient: 60))
        #expect(admission.admit(1000, of: first) == nil)
        #expect(admission.admit(1, of: second) == 901)
    }

    @Test(arguments: 0..<30 as Range<UInt64>) func whatIsCountedInIsCountedOut(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var admission = Admission(limits: AdmissionLimits(tokens: 500, tokensPerClient: 300))
        var inside: [(Int, ClientID)] = []
        for _ in 0..<300 {
            let client = ClientID(connection: UInt64.random(in: 0..<4, using: &random))
            let count = Int.random(in: 0...120, using: &random)
            if Bool.random(using: &random), !inside.isEmpty {
                let (count, client) = inside.remove(at: Int.random(in: 0..<inside.count, using: &random))
                admission.finish(count, of: client)
            } else if admission.admit(count, of: client) == nil {
                inside.append((count, client))
            }
            #expect(admission.tokens == inside.reduce(0) { $0 + $1.0 })
            #expect(admission.requests == inside.count)
        }
    }
}
