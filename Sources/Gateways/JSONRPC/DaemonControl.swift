// SPDX-License-Identifier: Apache-2.0
//
// What the gateways ask of the daemon they live in.

public import Serving
public import WireProtocol

public protocol DaemonControl: Sendable {
    var hello: HelloResult { get }
    func status() async -> DaemonStatus
    func connectionOpened()
    func connectionClosed()
    /// Every installed model.
    func installedModels() -> [ModelLocation]
    /// Counts a request in; throws `shuttingDown` while the daemon drains.
    func begin() throws(WireError)
    /// Counts a request out.
    func end(failed: Bool)
    /// What happens from now on.
    func events(_ topics: Set<EventTopic>) -> AsyncStream<Event>
    /// Starts draining: new work is refused, what runs is finished first unless `force`.
    func shutDown(force: Bool)
}
