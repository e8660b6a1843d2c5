// SPDX-License-Identifier: Apache-2.0
//
// What the gateways ask of the daemon they live in.

public import Configuration
public import JSON
public import Jobs
public import WireProtocol

public protocol DaemonControl: Sendable {
    var hello: HelloResult { get }
    var history: RequestHistory { get }
    /// What came over HTTP.
    var http: HTTPFigures { get }
    /// The services. While they start, requests wait for them; throws when there are too many, or when they cannot.
    func backend() async throws(WireError) -> Backend
    /// What runs jobs; its registry is opened when it is first asked for.
    func jobs() async throws -> JobEngine
    /// What to tell of an answer by another model than the one that was asked for; nil where it is the same.
    func notice(about model: String, insteadOf name: String?) -> String?
    func status() -> JSONValue
    /// In the text format of Prometheus.
    func metrics() -> String
    func connectionOpened()
    func connectionClosed()
    /// How many models were loaded so far.
    var loadCount: UInt64 { get }
    /// Every installed model.
    func installedModels() -> [InstalledModelFacts]
    /// Installs a model from the catalogue or the hub.
    /// - Parameter progress: what happens meanwhile, from any thread.
    func pullModel(_ name: String, progress: @escaping @Sendable (ModelPullStep) -> Void) async throws(WireError)
    /// Removes an installed model from memory and disk.
    func removeModel(_ name: String) async throws(WireError)
    /// Whether the daemon is on its way out.
    var isStopping: Bool { get }
    /// Counts a request in; throws `shuttingDown` while the daemon drains.
    func begin() throws(WireError)
    /// Counts a request out.
    func end(failed: Bool)
    /// What happens from now on.
    func events(_ topics: Set<EventTopic>) -> AsyncStream<Event>
    /// Reads the configuration again. With errors in it, nothing changes.
    func reload() throws(ConfigurationError) -> [ConfigurationChange]
    /// Stands in for another tool's daemon until a client of it ends that, or the task is cancelled.
    func serveFrontEnd(_ parameters: FrontEndParameters) async throws
    /// Starts draining: new work is refused, what runs is finished first unless `force`.
    func shutDown(force: Bool)
}
