// SPDX-License-Identifier: Apache-2.0
//
// An index that is searched while it is written.

import Search
import Synchronization
import Testing
import Threads

@Suite struct ConcurrentSearchTests {
    @Test func eachSearchSeesOneState() async throws {
        let index = try SearchableIndex()
        try index.add(files: (0..<50).map { ("\($0)", "needle 0 \($0)") })
        try index.embed { _ in [Float](repeating: 0.125, count: 64) }
        let open = try index.open()
        let vector = index.vector([Float](repeating: 0.125, count: 64))
        let writing = Writing()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await onThread {
                    do {
                        // Every round replaces all files in one transaction, and gives them vectors in another.
                        for round in 1...20 {
                            try index.add(files: (0..<50).map { ("\($0)", "needle \(round) \($0)") })
                            try index.embed { _ in [Float](repeating: 0.125, count: 64) }
                        }
                    } catch {
                        Issue.record(error)
                    }
                    writing.isDone.store(true, ordering: .releasing)
                }
            }
            for _ in 0..<2 {
                group.addTask {
                    await onThread {
                        repeat {
                            do {
                                let found = try open.find(SearchQuery("needle", count: 50, vector: vector))
                                let rounds = Set(found.results.map { $0.snippet.text.split(separator: " ")[1] })
                                #expect(found.results.count == 50 && rounds.count == 1)
                            } catch {
                                Issue.record(error)
                            }
                        } while !writing.isDone.load(ordering: .acquiring)
                    }
                }
            }
        }
        #expect(try open.find(SearchQuery("needle")).results.first?.snippet.text.hasPrefix("needle 20 ") == true)
    }

    private final class Writing: Sendable {
        let isDone = Atomic(false)
    }

    private func onThread(_ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let started = startThread(named: "test") {
                body()
                continuation.resume()
            }
            if !started { continuation.resume() }
        }
    }
}
