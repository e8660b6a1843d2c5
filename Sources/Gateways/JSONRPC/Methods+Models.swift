// SPDX-License-Identifier: Apache-2.0
//
// `models.list`, `models.load` and `models.unload`.

import Inference
import JSON
public import Serving
public import WireProtocol

extension Methods {
    func listModels() -> Reply {
        let (ready, loading) = models.residents()
        var statuses = ready.map(ModelStatus.init)
        statuses += loading.map { ModelStatus(id: $0.id, path: $0.folder, state: .loading) }
        for location in daemon.installedModels() where !statuses.contains(where: { $0.path == location.folder }) {
            statuses.append(ModelStatus(id: location.id, path: location.folder, state: .cold))
        }
        return Reply(["models": .array(statuses.sorted { $0.id < $1.id }.map(\.json))])
    }

    func load(_ call: Call, _ progress: ProgressSink?) async throws -> Reply {
        let name = try ModelParameters(json: call.parameters, of: call.method).model
        return Reply(ModelStatus(try await models.load(name, progress: progress.map(loadProgress))).json)
    }

    func unload(_ call: Call) throws -> Reply {
        let name = try ModelParameters(json: call.parameters, of: call.method).model
        return Reply(["unloaded": .bool(try models.unload(name))])
    }

    /// Load progress as `$/progress` notifications.
    func loadProgress(_ sink: @escaping ProgressSink) -> ModelPool.ProgressHandler {
        { sink(Progress(kind: "load", message: $0.stage.rawValue, completed: $0.completed, total: $0.total)) }
    }
}

extension ModelStatus {
    /// A resident model, with all that is known of it.
    public init(_ model: ResidentModel) {
        let description = model.description
        self.init(id: model.id, path: model.folder, state: .ready)
        family = description.family
        dimensions = description.dimensions
        maxTokens = description.maxTokens
        precision = model.report.precision.rawValue
        instructionSet = model.report.instructionSet
        spaceID = model.spaceID
        bytes = description.weightBytes
    }
}
