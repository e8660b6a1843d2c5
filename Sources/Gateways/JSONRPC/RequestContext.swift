// SPDX-License-Identifier: Apache-2.0
//
// What a method knows of its request beside the parameters, and what it leaves
// for the history.

import Inference
import JSON
import Serving
import Synchronization
import WireProtocol

final class RequestContext: Sendable {
    typealias ProgressSink = @Sendable (Progress) -> Void

    let client: ClientID
    /// Hears of long work, where the request carried a token.
    let progress: ProgressSink?
    /// Facts for `daemon.requests`.
    private let noted = Mutex<JSONObject>([:])

    init(client: ClientID, progress: ProgressSink?) {
        self.client = client
        self.progress = progress
    }

    func note(_ key: String, _ value: JSONValue) { noted.withLock { $0[key] = value } }

    var facts: JSONObject { noted.withLock { $0 } }

    /// Load progress as `$/progress` notifications.
    var loadProgress: ModelPool.ProgressHandler? {
        guard let progress else { return nil }
        return { load in
            progress(
                Progress(kind: "load", message: load.stage.rawValue, completed: load.completed, total: load.total))
        }
    }
}
