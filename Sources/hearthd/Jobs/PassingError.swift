// SPDX-License-Identifier: Apache-2.0
//
// Which errors of the daemon let a job's step be tried again later.

import HearthClient

extension ClientError {
    /// Whether the next attempt may find what this one did not.
    var isPassing: Bool {
        switch self {
        case .noDaemon, .disconnected: true
        default: isRetryable
        }
    }
}
