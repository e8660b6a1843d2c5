// SPDX-License-Identifier: Apache-2.0
//
// Which models go when memory is short or time is up.

import Serving
import TestSupport
import Testing

@Suite("Residency")
struct ResidencyTests {
    private let start = ContinuousClock.now

    private func model(_ bytes: Int, usedAt seconds: Int) -> Residency<Int>.Model {
        Residency.Model(bytes: bytes, lastUsed: start + .seconds(seconds))
    }

    @Test func theLeastRecentlyUsedGoesFirst() {
        var residency = Residency<Int>(budget: 250)
        for key in 0..<4 { residency.insert(model(100, usedAt: [3, 1, 2, 4][key]), key) }
        #expect(residency.evict(start) == [1, 2])
        #expect(residency.bytes == 200)
    }

    @Test func whatNobodyHasGotToYetIsSpared() {
        var residency = Residency<Int>(budget: 0, keepAlive: .idle(.zero))
        residency.insert(model(100, usedAt: 0), 0)
        residency.update(0) { $0.sparedUntil = start + .seconds(1) }
        #expect(residency.evict(start).isEmpty)
        #expect(residency.nextExpiry == start + .seconds(1))
        #expect(residency.evict(start + .seconds(1)) == [0])
    }

    @Test func roomIsMadeForWhatComes() {
        var residency = Residency<Int>(budget: 250)
        for key in 0..<2 { residency.insert(model(100, usedAt: key), key) }
        #expect(residency.evict(start).isEmpty)
        #expect(residency.evict(start, incoming: 80) == [0])
    }

    @Test func timeIsUpAfterTheLastUse() {
        var residency = Residency<Int>(keepAlive: .idle(.seconds(10)))
        residency.insert(model(1, usedAt: 0), 0)
        residency.insert(model(1, usedAt: 5), 1)
        residency.update(1) { $0.keepAlive = .untilNeeded }
        residency.insert(model(1, usedAt: 0), 2)
        residency.update(2) { $0.keepAlive = .idle(.zero) }
        residency.insert(model(1, usedAt: 0), 3)
        residency.update(3) { $0.users = 1 }
        #expect(residency.nextExpiry == start)
        #expect(residency.evict(start) == [2])
        #expect(residency.nextExpiry == start + .seconds(10))
        #expect(residency.evict(start + .seconds(9)).isEmpty)
        #expect(residency.evict(start + .seconds(10)) == [0])
        #expect(residency.nextExpiry == nil)
    }

    @Test(arguments: 0..<100 as Range<UInt64>) func neverBusyNeverPinnedNeverMoreThanNeeded(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let budget = Int.random(in: 0...600, using: &random)
        var residency = Residency<Int>(budget: budget)
        for key in 0..<Int.random(in: 0...10, using: &random) {
            residency.insert(
                model(Int.random(in: 1...200, using: &random), usedAt: Int.random(in: 0...100, using: &random)), key)
            residency.update(key) {
                $0.users = Int.random(in: 0...2, using: &random) / 2
                $0.isPinned = Int.random(in: 0...3, using: &random) == 0
            }
        }
        let before = residency.models
        let gone = residency.evict(start + .seconds(200))
        let stuck = before.values.filter { $0.users > 0 || $0.isPinned }.reduce(0) { $0 + $1.bytes }
        #expect(residency.bytes <= max(budget, stuck))
        for key in gone {
            #expect(before[key]?.users == 0 && before[key]?.isPinned == false)
        }
        // Without the last one that went, there was too much.
        if let last = gone.last, let bytes = before[last]?.bytes { #expect(residency.bytes + bytes > budget) }
        // Whoever may have gone and stayed was used later.
        let latest = gone.compactMap { before[$0]?.lastUsed }.max()
        for (key, model) in residency.models where model.users == 0 && !model.isPinned {
            if let latest { #expect(model.lastUsed >= latest, "\(key)") }
        }
    }
}
