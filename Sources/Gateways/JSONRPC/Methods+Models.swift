// SPDX-License-Identifier: Apache-2.0
//
// `models.list`, `models.load`, `models.unload` and `models.pin`.

import Inference
import JSON
public import Serving
public import WireProtocol

extension Methods {
    func listModels() async throws -> Reply {
        var statuses = try await daemon.backend().models.statuses().map(ModelStatus.init)
        for location in daemon.installedModels().map(\.location)
        where !statuses.contains(where: { $0.path == location.folder }) {
            statuses.append(ModelStatus(id: location.id, path: location.folder, state: .cold))
        }
        return Reply(["models": .array(statuses.sorted { $0.id < $1.id }.map(\.json))])
    }

    func load(_ call: Call, _ context: RequestContext) async throws -> Reply {
        let parameters = try ModelParameters(json: call.parameters, of: call.method, allowed: ["keep_alive_s", "pin"])
        let models = try await daemon.backend().models
        let model = try await models.load(
            parameters.model, pins: parameters.pin, keepAlive: parameters.keepAlive.map(KeepAlive.init(seconds:)),
            progress: context.loadProgress)
        context.note("model", .string(model.id))
        let status = models.statuses().first { $0.location == model.location }
        return Reply((status.map(ModelStatus.init) ?? ModelStatus(model)).json)
    }

    func unload(_ call: Call) async throws -> Reply {
        let name = try ModelParameters(json: call.parameters, of: call.method).model
        return Reply(["unloaded": .bool(try await daemon.backend().models.unload(name))])
    }

    func pin(_ call: Call) async throws -> Reply {
        let parameters = try ModelParameters(json: call.parameters, of: call.method, allowed: ["pin"])
        let isResident = try await daemon.backend().models.pin(parameters.model, parameters.pin ?? true)
        guard isResident else {
            throw WireError(.modelNotFound, "the model is not loaded; models.load with 'pin' does both")
        }
        return Reply(["pinned": .bool(parameters.pin ?? true)])
    }
}

extension KeepAlive {
    /// As Ollama has it: 0 for not at all, a negative number for as long as there is room.
    fileprivate init(seconds: Int) { self = seconds < 0 ? .untilNeeded : .idle(.seconds(seconds)) }
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
        residentBytes = model.mappedBytes + model.privateBytes
    }

    public init(_ pooled: PooledModel) {
        if let model = pooled.model {
            self.init(model)
        } else {
            self.init(id: pooled.location.id, path: pooled.location.folder, state: .cold)
        }
        switch pooled.state {
        case .loading: state = .loading
        case .ready: state = .ready
        case .degraded: state = .degraded
        case .failed: state = .cold
        }
        reason = pooled.message
        isPinned = pooled.isPinned
        users = pooled.users
        requests = Int(clamping: pooled.uses)
        expiresInSeconds = pooled.expiry.map { max(0, ($0 - .now) / .seconds(1)) }
        lastUsedSecondsAgo = pooled.lastUsed.map { max(0, (ContinuousClock.now - $0) / .seconds(1)) }
    }
}
