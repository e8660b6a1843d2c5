// SPDX-License-Identifier: Apache-2.0
//
// The background jobs of cass: indexes that its daemon builds from cass's
// database, in files of cass's own format. How Hearth does it is in
// docs/compat.md.

public protocol CassJobs: Sendable {
    /// - Parameter id: what the client will call the job by.
    func submit(_ request: CassJobRequest, id: String) async throws(CassError)
    /// The jobs of a database, the newest first.
    func jobs(of database: String) async throws(CassError) -> [CassJob]
    /// - Returns: how many were pending or running.
    func cancel(_ database: String, model: String?) async throws(CassError) -> Int
}
