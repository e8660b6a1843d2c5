// SPDX-License-Identifier: Apache-2.0
//
// What the pool says of its models.

import Inference
import Synchronization

/// A model that the pool knows of.
public struct PooledModel: Sendable {
    public enum State: Sendable, Hashable {
        case loading
        case ready
        /// Resident, but something had to be done without; `message` says what.
        case degraded
        /// It could not be loaded a moment ago; `message` says why.
        case failed
    }

    public var location: ModelLocation
    public var state: State
    public var message: String?
    /// Nil unless the model is resident, as the figures below are 0.
    public var model: ResidentModel?
    public var isPinned = false
    /// When it will be let go of if nobody uses it before; nil for when its memory is needed.
    public var expiry: ContinuousClock.Instant?
    public var lastUsed: ContinuousClock.Instant?
    /// Requests that compute with it now.
    public var users = 0
    /// Requests since the process started.
    public var uses: UInt64 = 0
}

/// What the pool has counted.
public struct ModelFigures: Sendable, Hashable {
    public var resident = 0
    public var residentBytes = 0
    public var loads: UInt64 = 0
    public var evictions: UInt64 = 0
}

extension ModelPool {
    /// Every model that is resident, on its way or failed a moment ago, by id.
    public func statuses() -> [PooledModel] {
        let statuses = state.withLock { state in
            state.entries.compactMap { location, entry -> PooledModel? in
                switch entry {
                case .loading: return PooledModel(location: location, state: .loading)
                case .failed(let failure):
                    guard failure.until > .now else { return nil }
                    return PooledModel(location: location, state: .failed, message: failure.error.message)
                case .ready(let model):
                    let warnings = model.report.warnings + [state.complaints[model.serial]].compactMap { $0 }
                    let figures = state.residency.models[location]
                    var status = PooledModel(
                        location: location, state: warnings.isEmpty ? .ready : .degraded,
                        message: warnings.isEmpty ? nil : warnings.joined(separator: "; "), model: model)
                    status.isPinned = figures?.isPinned ?? false
                    status.expiry = state.residency.expiry(location)
                    status.lastUsed = figures?.lastUsed
                    status.users = figures?.users ?? 0
                    status.uses = state.uses[location] ?? 0
                    return status
                }
            }
        }
        return statuses.sorted { $0.location.id < $1.location.id }
    }

    public var figures: ModelFigures {
        state.withLock { state in
            ModelFigures(
                resident: state.residency.models.count, residentBytes: state.residency.bytes, loads: state.loads,
                evictions: state.evictions)
        }
    }

    /// What is resident and what is on its way.
    public func residents() -> (ready: [ResidentModel], loading: [ModelLocation]) {
        let statuses = statuses()
        return (
            statuses.compactMap(\.model), statuses.filter { $0.state == .loading }.map(\.location)
        )
    }
}
