// SPDX-License-Identifier: Apache-2.0
//
// The configuration that counts at this moment, and its renewal.

import Configuration
import Logging
import Synchronization

final class LiveSettings: Sendable {
    private let environment: [String: String]
    private let flags: [String: String]
    private let settings: Mutex<Settings>
    private let log: Logger
    /// Told of every change, after it counts.
    private let listeners = Mutex<[@Sendable (Configuration) -> Void]>([])
    /// One renewal after the other, so that the last one read is the last one applied.
    private let renewing = Mutex(())

    init(_ options: DaemonOptions, log: Logger) {
        environment = options.environment
        flags = options.flags
        settings = Mutex(options.settings)
        self.log = log
    }

    var current: Configuration { settings.withLock { $0.configuration } }

    /// Whether nobody set it.
    func isDefault(_ key: String) -> Bool { settings.withLock { $0.effective[key]?.source == .default } }

    /// Calls `apply` now and after every change.
    func follow(_ apply: @escaping @Sendable (Configuration) -> Void) {
        followChanges(apply)
        apply(current)
    }

    /// Calls `apply` after every change.
    func followChanges(_ apply: @escaping @Sendable (Configuration) -> Void) {
        listeners.withLock { $0.append(apply) }
    }

    /// Reads config.toml again. With errors in it, everything stays as it is.
    /// - Returns: what is different.
    func reload() throws(ConfigurationError) -> [ConfigurationChange] {
        try renewing.withLock { _ throws(ConfigurationError) in try renew() }
    }

    private func renew() throws(ConfigurationError) -> [ConfigurationChange] {
        let renewed: Settings
        do {
            renewed = try Settings(environment: environment, flags: flags)
        } catch let error as ConfigurationError {
            for problem in error.problems { log.error("config.toml: \(problem); the configuration stays as it was") }
            throw error
        } catch {
            log.error("\(error); the configuration stays as it was")
            return []
        }
        let changed = settings.withLock { settings in
            let changed = changes(from: settings.configuration, to: renewed.configuration)
            settings = renewed
            return changed
        }
        for change in changed { log.notice("configuration: \(change)") }
        if changed.isEmpty { log.notice("configuration: read again, nothing changed") }
        let configuration = renewed.configuration
        for apply in listeners.withLock({ $0 }) { apply(configuration) }
        return changed
    }
}
