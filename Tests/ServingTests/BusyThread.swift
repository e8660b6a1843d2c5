// SPDX-License-Identifier: Apache-2.0
//
// A compute thread that is busy for as long as a test wants.

import Dispatch
import Serving

/// One compute thread, held until `release`.
struct BusyThread {
    let threads: ComputeThreads
    private let gate = DispatchSemaphore(value: 0)
    private let work: Task<Void, any Error>

    init(limits: AdmissionLimits = AdmissionLimits()) async {
        let threads = ComputeThreads(count: 1, limits: limits)
        self.threads = threads
        work = Task { [gate] in
            try await threads.run(in: .interactive) { _ throws(ServingError) in gate.wait() }
        }
        await until { threads.load.running == 1 }
    }

    func release() async throws {
        gate.signal()
        try await work.value
    }
}

/// Waits for something that other threads bring about; gives up after a minute, so that the test fails.
func until(_ condition: @Sendable () -> Bool) async {
    let end = ContinuousClock.now + .seconds(60)
    while !condition(), ContinuousClock.now < end { try? await Task.sleep(for: .microseconds(200)) }
}
