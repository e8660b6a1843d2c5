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
    /// Whether it had to wait for a model to be loaded, and facts for `daemon.requests`.
    private let state = Mutex<(didLoad: Bool, facts: JSONObject)>((false, [:]))

    init(client: ClientID, progress: ProgressSink?) {
        self.client = client
        self.progress = progress
    }

    func note(_ key: String, _ value: JSONValue) { state.withLock { $0.facts[key] = value } }

    var facts: JSONObject {
        state.withLock { state in
            var facts = state.facts
            if state.didLoad { facts["loaded_model"] = true }
            return facts
        }
    }

    /// Load progress as `$/progress` notifications.
    var loadProgress: ModelPool.ProgressHandler {
        { [self] stage in
            state.withLock { $0.didLoad = true }
            progress?(
                Progress(
                    kind: "load", message: stage.stage.rawValue, completed: stage.completed, total: stage.total))
        }
    }
}
