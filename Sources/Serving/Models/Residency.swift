// SPDX-License-Identifier: Apache-2.0
//
// Which resident models stay and which go, as a value: it loads nothing and
// reads no clock.

/// How long a model stays once nobody uses it.
public enum KeepAlive: Sendable, Hashable {
    /// Until memory is needed for others.
    case untilNeeded
    /// For so long after its last use; zero lets go of it at once.
    case idle(Duration)
}

public struct Residency<Key: Hashable & Sendable>: Sendable {
    public struct Model: Sendable {
        public var bytes: Int
        public var lastUsed: ContinuousClock.Instant
        /// Requests that compute with it.
        public var users = 0
        /// Stays until it is unpinned or unloaded.
        public var isPinned = false
        /// Until then it stays, for those who waited for it and have not got to it yet.
        public var sparedUntil: ContinuousClock.Instant?
        /// Nil for what holds for all.
        public var keepAlive: KeepAlive?

        public init(bytes: Int, lastUsed: ContinuousClock.Instant) {
            self.bytes = bytes
            self.lastUsed = lastUsed
        }
    }

    /// Bytes that all models together should not exceed; nil for no bound.
    public var budget: Int?
    /// What holds for models that nothing else was said of.
    public var keepAlive: KeepAlive
    public private(set) var models: [Key: Model] = [:]

    public init(budget: Int? = nil, keepAlive: KeepAlive = .untilNeeded) {
        self.budget = budget
        self.keepAlive = keepAlive
    }

    public var bytes: Int { models.values.reduce(0) { $0 + $1.bytes } }

    public mutating func insert(_ model: Model, _ key: Key) { models[key] = model }

    @discardableResult
    public mutating func remove(_ key: Key) -> Model? { models.removeValue(forKey: key) }

    public mutating func update(_ key: Key, _ change: (inout Model) -> Void) {
        guard var model = models.removeValue(forKey: key) else { return }
        change(&model)
        models[key] = model
    }

    /// When a model's time is up if nobody uses it before; nil for never.
    public func expiry(_ key: Key) -> ContinuousClock.Instant? {
        guard let model = models[key], !model.isPinned else { return nil }
        switch model.keepAlive ?? keepAlive {
        case .untilNeeded: return nil
        case .idle(let time): return max(model.lastUsed + time, model.sparedUntil ?? model.lastUsed)
        }
    }

    /// When the next unused model's time is up.
    public var nextExpiry: ContinuousClock.Instant? {
        models.keys.filter { models[$0]?.users == 0 }.compactMap(expiry).min()
    }

    /// Takes out those whose time is up, and then the least recently used until the others, and `incoming` bytes
    /// more, are within the budget. Never one that is used or pinned, nor `newcomer`.
    public mutating func evict(
        _ now: ContinuousClock.Instant, incoming: Int = 0, sparing newcomer: Key? = nil
    ) -> [Key] {
        var leaving: [Key] = []
        let candidates = models.filter { key, model in
            key != newcomer && model.users == 0 && !model.isPinned && (model.sparedUntil.map { $0 <= now } ?? true)
        }
        .sorted { $0.value.lastUsed < $1.value.lastUsed }
        for (key, _) in candidates where expiry(key).map({ $0 <= now }) ?? false {
            models[key] = nil
            leaving.append(key)
        }
        guard let budget else { return leaving }
        var total = bytes + incoming
        for (key, model) in candidates where total > budget && models[key] != nil {
            models[key] = nil
            total -= model.bytes
            leaving.append(key)
        }
        return leaving
    }
}
