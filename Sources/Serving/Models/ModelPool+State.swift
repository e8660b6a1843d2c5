// SPDX-License-Identifier: Apache-2.0
//
// The steps of a model's life that happen under the pool's lock.

extension ModelPool.State {
    init(limits: ModelLimits) {
        self.limits = limits
        residency = Residency(budget: limits.memoryBudget, keepAlive: limits.keepAlive)
    }

    mutating func apply(_ limits: ModelLimits) {
        self.limits = limits
        residency.budget = limits.memoryBudget
        residency.keepAlive = limits.keepAlive
        known = [:]
    }

    /// A resident model by a name that was asked for before.
    mutating func acquireKnown(_ name: String?) -> ResidentModel? {
        known[name].flatMap { acquire($0) }
    }

    /// A model if it is resident.
    mutating func acquire(_ location: ModelLocation) -> ResidentModel? {
        guard case .ready(let model) = entries[location] else { return nil }
        use(location)
        return model
    }

    mutating func use(_ location: ModelLocation) {
        residency.update(location) {
            $0.users += 1
            $0.sparedUntil = nil
        }
        uses[location, default: 0] += 1
    }

    mutating func insert(_ model: ResidentModel) {
        let bytes = model.mappedBytes + model.privateBytes
        var figures = Residency<ModelLocation>.Model(bytes: bytes, lastUsed: .now)
        figures.keepAlive = keepAlives[model.location]
        figures.sparedUntil = .now + limits.arrivalGrace
        residency.insert(figures, model.location)
        sizes[model.location] = bytes
        entries[model.location] = .ready(model)
    }

    /// Takes a resident model out, and returns it unless somebody still uses it; nil when it is not resident.
    mutating func remove(_ location: ModelLocation) -> [ResidentModel]? {
        guard case .ready(let model) = entries[location] else { return nil }
        entries[location] = nil
        complaints[model.serial] = nil
        known = known.filter { $0.value != location }
        let users = residency.remove(location)?.users ?? 0
        if users > 0 { leaving[model.serial] = users }
        return users > 0 ? [] : [model]
    }

    /// Takes out the models that may go and should.
    mutating func evict(incoming: Int = 0, sparing newcomer: ModelLocation? = nil) -> [ResidentModel] {
        residency.evict(.now, incoming: incoming, sparing: newcomer).compactMap { location in
            guard case .ready(let model) = entries[location] else { return nil }
            evictions += 1
            entries[location] = nil
            complaints[model.serial] = nil
            known = known.filter { $0.value != location }
            return model
        }
    }

    /// When to look again, if nobody does so already until then.
    mutating func nextWake() -> ContinuousClock.Instant? {
        guard let next = residency.nextExpiry, wake.map({ next < $0 }) ?? true else { return nil }
        wake = next
        return next
    }

    /// Whether who looks at this time is to look: not where somebody looks earlier by now.
    mutating func wakes(at time: ContinuousClock.Instant) -> Bool {
        guard wake == time else { return false }
        wake = nil
        return true
    }

    /// What is wrong with a model, unless it has left meanwhile.
    mutating func note(_ complaint: String, of model: ResidentModel) {
        guard case .ready(let resident) = entries[model.location], resident.serial == model.serial else { return }
        complaints[model.serial] = complaint
    }
}
