// SPDX-License-Identifier: Apache-2.0
//
// Which work comes next, as a value: it knows no threads and reads no clock.

/// Entries in three lanes, taken out in batches.
public struct Schedule: Sendable {
    /// A request's work: units that may run at different times, each in one go.
    public struct Entry: Sendable {
        public let id: UInt64
        public var lane: Lane = .normal
        public var client: ClientID = .unknown
        /// Entries of the same group may share a batch; nil runs a unit at a time, by itself.
        public var group: BatchGroup?
        /// What each unit costs, in tokens; at least 1.
        public let sizes: [Int]
        public let arrival: ContinuousClock.Instant
        public var deadline: ContinuousClock.Instant?

        /// The first unit that was not taken.
        var next = 0
        /// Tokens of those that were not.
        var tokens: Int

        public init(id: UInt64, sizes: [Int], arrival: ContinuousClock.Instant) {
            self.id = id
            self.sizes = sizes.map { max(1, $0) }
            self.arrival = arrival
            tokens = self.sizes.reduce(0, +)
        }
    }

    /// Units of one entry.
    public struct Part: Sendable, Equatable {
        public let id: UInt64
        public let units: Range<Int>
        /// Whether nothing is left of the entry.
        public let isLast: Bool
        public let arrival: ContinuousClock.Instant
        public let tokens: Int
    }

    public struct Batch: Sendable {
        public let lane: Lane
        public let group: BatchGroup?
        public fileprivate(set) var parts: [Part]

        public var tokens: Int { parts.reduce(0) { $0 + $1.tokens } }
    }

    /// How long a lane that has work may be passed over for higher ones, before it gets a batch.
    public static let patience: [Duration] = [.zero, .seconds(1), .seconds(5)]

    private var queues: [FairQueue] = Array(repeating: FairQueue(), count: Lane.allCases.count)
    /// When each lane was last served or, later, had nothing to do.
    private var served: [ContinuousClock.Instant?] = Array(repeating: nil, count: Lane.allCases.count)
    private var places: [UInt64: (lane: Lane, client: ClientID)] = [:]
    private var withDeadline: Set<UInt64> = []
    /// How long background entries wait before they are let run, to spare a system under pressure.
    public var backgroundDelay: Duration = .zero

    public init() {}

    public func count(_ lane: Lane) -> Int { queues[lane.rawValue].count }
    public func tokens(_ lane: Lane) -> Int { queues[lane.rawValue].tokens }
    public var isEmpty: Bool { places.isEmpty }

    public mutating func append(_ entry: Entry) {
        guard !entry.sizes.isEmpty else { return }
        let lane = entry.lane.rawValue
        if queues[lane].count == 0 { served[lane] = entry.arrival }
        queues[lane].append(entry)
        places[entry.id] = (entry.lane, entry.client)
        if entry.deadline != nil { withDeadline.insert(entry.id) }
    }

    /// Takes an entry out, whatever is left of it, and returns its lane; nil when nothing is.
    @discardableResult
    public mutating func remove(_ id: UInt64) -> Lane? {
        guard let place = places.removeValue(forKey: id) else { return nil }
        withDeadline.remove(id)
        queues[place.lane.rawValue].remove(id, of: place.client)
        return place.lane
    }

    /// Takes out the entries whose deadline has come.
    public mutating func expire(_ now: ContinuousClock.Instant) -> [(id: UInt64, lane: Lane)] {
        guard !withDeadline.isEmpty else { return [] }
        let late = entriesWithDeadline.filter { $0.deadline.map { $0 <= now } ?? false }
        for entry in late { remove(entry.id) }
        return late.map { ($0.id, $0.lane) }
    }

    /// When something happens without anyone's doing: a deadline comes, or a background entry has waited enough.
    public func nextEvent(after now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let deadline = withDeadline.isEmpty ? nil : entriesWithDeadline.compactMap(\.deadline).min()
        let release =
            backgroundDelay == .zero
            ? nil
            : queues[Lane.background.rawValue].heads.map { $0.arrival + backgroundDelay }.filter { $0 > now }.min()
        return [deadline, release].compactMap { $0 }.min()
    }

    private var entriesWithDeadline: [Entry] {
        queues.flatMap { $0.count == 0 ? [] : $0.entries }.filter { $0.deadline != nil }
    }

    // MARK: - Batches

    /// The next batch of any lane: of the highest that has work, or of one that was passed over for too long.
    /// - Parameter budget: the tokens that a batch of a group should have at most.
    public mutating func next(_ now: ContinuousClock.Instant, budget: (BatchGroup) -> Int) -> Batch? {
        for lane in Lane.allCases.reversed() where isOverdue(lane, now) {
            if let batch = next(in: lane, now, budget: budget) { return batch }
        }
        for lane in Lane.allCases {
            if let batch = next(in: lane, now, budget: budget) { return batch }
        }
        return nil
    }

    /// The next batch of one lane.
    public mutating func next(
        in lane: Lane, _ now: ContinuousClock.Instant, budget: (BatchGroup) -> Int
    ) -> Batch? {
        guard count(lane) > 0 else { return nil }
        let latestArrival = lane == .background ? now - backgroundDelay : nil
        func isReady(_ entry: Entry) -> Bool {
            (latestArrival.map { entry.arrival <= $0 } ?? true) && (entry.deadline.map { $0 > now } ?? true)
        }
        guard let client = queues[lane.rawValue].next(where: isReady),
            let entry = queues[lane.rawValue].first(of: client)
        else { return nil }
        var batch = Batch(lane: lane, group: entry.group, parts: [])
        take(from: client, budget: entry.group.map(budget) ?? 0, into: &batch)
        if let group = entry.group {
            var left = budget(group) - batch.tokens
            while left > 0, let other = queues[lane.rawValue].next(where: { $0.group == group && isReady($0) }) {
                guard take(from: other, budget: left, into: &batch) else { break }
                left = budget(group) - batch.tokens
            }
        }
        served[lane.rawValue] = now
        return batch
    }

    @discardableResult
    private mutating func take(from client: ClientID, budget: Int, into batch: inout Batch) -> Bool {
        let part = queues[batch.lane.rawValue].take(from: client, budget: budget, isFirst: batch.parts.isEmpty)
        guard let part else { return false }
        if part.isLast { forget(part.id) }
        batch.parts.append(part)
        return true
    }

    private mutating func forget(_ id: UInt64) {
        places[id] = nil
        withDeadline.remove(id)
    }

    private func isOverdue(_ lane: Lane, _ now: ContinuousClock.Instant) -> Bool {
        guard lane != .interactive, count(lane) > 0, let served = served[lane.rawValue] else { return false }
        return now - served >= Self.patience[lane.rawValue]
    }
}

/// What work must have in common to share a batch.
public struct BatchGroup: Sendable, Hashable {
    /// The serial number of a resident model.
    public var model: Int
    /// What the model is to give: vectors of so many dimensions, normalized or not; 0 dimensions for scores.
    public var dimensions: Int
    public var normalizes: Bool

    public init(model: Int, dimensions: Int = 0, normalizes: Bool = false) {
        self.model = model
        self.dimensions = dimensions
        self.normalizes = normalizes
    }
}
