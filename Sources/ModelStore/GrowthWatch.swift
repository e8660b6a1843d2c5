// SPDX-License-Identifier: Apache-2.0
//
// Watches something grow on the disk while a program writes it.

enum GrowthWatch {
    /// Runs `body` and meanwhile hands `check` the current value five times a second. Where that returns a failure,
    /// `body` is cancelled and the failure thrown.
    static func run<Failure: Error>(
        _ value: @escaping @Sendable () -> Int64,
        check: @escaping @Sendable (Int64) -> Failure?,
        body: @escaping @Sendable () async throws(Failure) -> Void
    ) async throws(Failure) {
        let failure = await withTaskGroup(of: Failure?.self) { group in
            group.addTask {
                do throws(Failure) {
                    try await body()
                    return nil
                } catch {
                    return error
                }
            }
            group.addTask {
                while (try? await Task.sleep(for: .milliseconds(200))) != nil {
                    if let failure = check(value()) { return failure }
                }
                return nil
            }
            var first: Failure?
            for await failure in group {
                first = first ?? failure
                group.cancelAll()
            }
            return first
        }
        if let failure { throw failure }
    }
}
