// SPDX-License-Identifier: Apache-2.0
//
// The threads on which vectors are scanned, which are whoever's who searches.

import Dispatch
import Threads

/// Something that runs a body several times at once.
public struct ScanThreads: Sendable {
    /// At once, at most.
    public let count: Int
    private let run: @Sendable (_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> Void

    /// - Parameter run: calls a body with 0, 1, … up to a count, on any threads, and returns when all calls have.
    public init(count: Int, run: @escaping @Sendable (_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> Void)
    {
        self.count = max(1, count)
        self.run = run
    }

    /// The caller's thread, and others that are started for each search, which takes some tens of microseconds.
    public static func started(_ count: Int) -> ScanThreads {
        ScanThreads(count: count) { count, body in
            let finished = DispatchSemaphore(value: 0)
            for part in 1..<max(1, count) {
                let work = { @Sendable in
                    body(part)
                    finished.signal()
                }
                if !startThread(named: "scan-\(part)", work) { work() }
            }
            body(0)
            for _ in 1..<max(1, count) { finished.wait() }
        }
    }

    func forEach(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        if count > 1 { run(count, body) } else { body(0) }
    }
}
