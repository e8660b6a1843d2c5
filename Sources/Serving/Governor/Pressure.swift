// SPDX-License-Identifier: Apache-2.0
//
// How hard the machine is pressed, from what was read of it: a value that reads
// nothing itself.

/// What the system says at one moment. Nil is what it does not say.
public struct Readings: Sendable, Hashable {
    /// Bytes that this process and its children have, and may have. Nil when they could not be read, which is as bad
    /// as too many.
    public var ownMemory: Int?
    public var memoryBudget: Int
    /// The part in use of what the machine, or the control group, has.
    public var systemMemory: Double?
    /// Time that some task stood still for want of memory, processors, disks: percent of the last ten seconds (PSI).
    public var memoryStall: Double?
    public var processorStall: Double?
    public var diskStall: Double?
    /// Runnable tasks for each processor, over the last minute.
    public var load: Double?
    public var childProcesses = 0
    public var childProcessLimit: Int
    /// Whether it runs on a battery, and how full that is, from 0 to 1.
    public var isOnBattery = false
    public var batteryCharge: Double?
    /// The hottest sensor, as a part of the temperature at which the machine turns itself off.
    public var heat: Double?

    public init(ownMemory: Int?, memoryBudget: Int = 8 << 30, childProcessLimit: Int = 50) {
        self.ownMemory = ownMemory
        self.memoryBudget = memoryBudget
        self.childProcessLimit = childProcessLimit
    }
}

/// What is to be spared. Interactive work is never held back.
public enum PressureLevel: Int, Sendable, Comparable, CaseIterable {
    case none
    /// Background work waits a little before it runs.
    case low
    /// It waits longer.
    case medium
    /// No new jobs.
    case high
    /// The job of the lowest priority is cancelled.
    case critical

    public static func < (a: PressureLevel, b: PressureLevel) -> Bool { a.rawValue < b.rawValue }

    /// How long background work waits before it runs.
    public var backgroundDelay: Duration {
        switch self {
        case .none: .zero
        case .low: .seconds(2)
        case .medium: .seconds(10)
        case .high: .seconds(30)
        case .critical: .seconds(60)
        }
    }

    public var acceptsJobs: Bool { self < .high }
}

extension Readings {
    /// The level of these readings alone, without a past.
    /// - Parameter margin: how much below its bound a reading counts as above it, as a part of the bound.
    public func level(margin: Double = 0) -> PressureLevel {
        let scale = 1 / (1 - margin)
        /// The last level whose bound is exceeded. Bounds are for low and up.
        func level(_ value: Double?, _ bounds: [Double]) -> PressureLevel {
            guard let value else { return .none }
            let exceeded = bounds.count { value * scale > $0 }
            return PressureLevel(rawValue: exceeded) ?? .critical
        }
        let never = Double.infinity
        guard let ownMemory, memoryBudget > 0 else { return .critical }
        return [
            level(Double(ownMemory) / Double(memoryBudget), [0.5, 0.7, 0.85, 0.95]),
            // Others may well use most of the memory; what is left is what counts.
            level(systemMemory, [0.85, 0.85, 0.9, 0.97]),
            level(memoryStall, [5, 15, 40]),
            level(processorStall, [75, 95]),
            level(diskStall, [50, 80]),
            level(load, [2, 4]),
            level(Double(childProcesses) / Double(max(1, childProcessLimit)), [0.5, 0.7, 0.85, never]),
            level(isOnBattery ? 1 - (batteryCharge ?? 0.5) : nil, [-1, 0.8, 0.95]),
            level(heat, [0.92, 0.95, 0.98]),
        ].max() ?? .none
    }
}

/// The level over time: it rises at once, and falls when things have been better for a while.
public struct Pressure: Sendable {
    /// For how long readings must be clearly below a level.
    public static let calm: Duration = .seconds(5)
    /// How far below a bound is clearly below.
    public static let margin = 0.05

    public private(set) var level = PressureLevel.none
    private var calmSince: ContinuousClock.Instant?
    private var lastSeen: ContinuousClock.Instant?

    public init() {}

    public mutating func observe(_ readings: Readings, at now: ContinuousClock.Instant) {
        // What was longer ago says nothing about now.
        if let lastSeen, now - lastSeen > Self.calm { level = .none }
        lastSeen = now
        let sharp = readings.level()
        let clear = readings.level(margin: Self.margin)
        if sharp > level {
            level = sharp
            calmSince = nil
        } else if clear < level {
            let since = calmSince ?? now
            calmSince = since
            if now - since >= Self.calm {
                level = clear
                calmSince = nil
            }
        } else {
            calmSince = nil
        }
    }
}
