// SPDX-License-Identifier: Apache-2.0
//
// The connections that commands make.

import HearthClient

extension HearthClient {
    /// For work that any daemon can do; says so once where none can be had.
    static func forWork(direct: Bool) throws(ClientError) -> HearthClient {
        var options = ClientOptions()
        options.policy = direct ? .direct : .anyDaemon
        options.onFallback = { reason in
            Output.note("no daemon (\(reason)); computing without one, which loads the model for this command only")
        }
        return try HearthClient(options: options)
    }

    /// For talking to the shared daemon.
    static func daemon(
        start: Bool, isExplicit: Bool = false, timeout: Int? = nil, arguments: [String] = []
    ) throws(ClientError) -> HearthClient {
        var options = ClientOptions()
        options.policy = start ? .sharedDaemon : .runningDaemon
        options.daemonArguments = arguments
        options.isExplicitStart = isExplicit
        if let timeout { options.startTimeout = .seconds(timeout) }
        return try HearthClient(options: options)
    }
}
