// SPDX-License-Identifier: Apache-2.0
//
// Reads how the machine is.

import Inference

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What runs on this process's behalf.
public struct ChildLoad: Sendable, Hashable {
    public var processes: Int
    public var bytes: Int

    public init(processes: Int = 0, bytes: Int = 0) {
        self.processes = processes
        self.bytes = bytes
    }
}

/// What all of this may use.
public struct GovernorLimits: Sendable, Hashable {
    /// Bytes of this process and its children.
    public var memory: Int
    public var childProcesses: Int

    public init(memory: Int = 8 << 30, childProcesses: Int = 50) {
        self.memory = memory
        self.childProcesses = childProcesses
    }
}

extension Readings {
    /// What the system says now. Takes a fraction of a millisecond.
    public static func now(_ limits: GovernorLimits, children: ChildLoad) -> Readings {
        let own = privateMemory()
        var readings = Readings(
            ownMemory: own > 0 ? own + children.bytes : nil, memoryBudget: limits.memory,
            childProcessLimit: limits.childProcesses)
        readings.childProcesses = children.processes
        readings.load = loadAverage().map { $0 / Double(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
        #if canImport(Darwin)
            readings.memoryStall = stallOfMemoryPressure()
        #else
            readings.systemMemory = [machineMemory(), groupMemory()].compactMap { $0 }.max()
            readings.memoryStall = stall("memory")
            readings.processorStall = stall("cpu")
            readings.diskStall = stall("io")
            readings.readBattery()
            readings.heat = heat()
        #endif
        return readings
    }

    private static func loadAverage() -> Double? {
        var average = 0.0
        return getloadavg(&average, 1) == 1 ? average : nil
    }
}

#if canImport(Darwin)
    extension Readings {
        /// The kernel's own opinion, 1, 2 or 4, in the words of the others.
        private static func stallOfMemoryPressure() -> Double? {
            var level: Int32 = 0
            var size = MemoryLayout<Int32>.size
            guard sysctlbyname("kern.memorystatus_vm_pressure_level", &level, &size, nil, 0) == 0 else { return nil }
            return level >= 4 ? 50 : level >= 2 ? 20 : 0
        }
    }
#else
    extension Readings {
        /// /proc/meminfo, see proc(5).
        private static func machineMemory() -> Double? {
            guard let text = SystemFile.text("/proc/meminfo") else { return nil }
            func kilobytes(_ key: String) -> Double? {
                text.split(separator: "\n").first { $0.hasPrefix(key + ":") }?
                    .split(separator: " ").compactMap { Double($0) }.first
            }
            guard let total = kilobytes("MemTotal"), let available = kilobytes("MemAvailable"), total > 0 else {
                return nil
            }
            return 1 - available / total
        }

        /// The fullest of the control groups (version 2) from the process's own up to the root. Pages of files that
        /// nobody used lately do not count: they can be dropped.
        private static func groupMemory() -> Double? {
            let entry = SystemFile.text("/proc/self/cgroup")?.split(separator: "\n").first { $0.hasPrefix("0::/") }
            guard var group = entry?.dropFirst(3) else { return nil }
            var fullest: Double?
            while true {
                let folder = "/sys/fs/cgroup\(group)"
                if let limit = SystemFile.number(folder + "/memory.max"), limit > 0,
                    let current = SystemFile.number(folder + "/memory.current")
                {
                    let idle = SystemFile.text(folder + "/memory.stat")?.split(separator: "\n")
                        .first { $0.hasPrefix("inactive_file ") }.flatMap { Int($0.dropFirst("inactive_file ".count)) }
                    fullest = max(fullest ?? 0, Double(current - (idle ?? 0)) / Double(limit))
                }
                guard let slash = group.lastIndex(of: "/") else { return fullest }
                group = group[..<slash]
            }
        }

        /// The kernel's pressure stall information: the line "some avg10=1.25 avg60=…".
        private static func stall(_ resource: String) -> Double? {
            let line = SystemFile.text("/proc/pressure/" + resource)?.split(separator: "\n").first
            guard let field = line?.split(separator: " ").first(where: { $0.hasPrefix("avg10=") }) else { return nil }
            return Double(field.dropFirst("avg10=".count))
        }

        /// /sys/class/power_supply: on battery when one discharges.
        private mutating func readBattery() {
            let folder = "/sys/class/power_supply/"
            for name in SystemFile.names(folder) {
                guard SystemFile.text(folder + name + "/type")?.hasPrefix("Battery") ?? false,
                    // A mouse's battery is no business of ours.
                    !(SystemFile.text(folder + name + "/scope")?.hasPrefix("Device") ?? false),
                    SystemFile.text(folder + name + "/status")?.hasPrefix("Discharging") ?? false
                else { continue }
                isOnBattery = true
                let charge = SystemFile.number(folder + name + "/capacity").map { Double($0) / 100 }
                batteryCharge = [batteryCharge, charge].compactMap { $0 }.min()
            }
        }

        /// /sys/class/thermal: of sensors that have a critical temperature.
        private static func heat() -> Double? {
            let folder = "/sys/class/thermal/"
            let zones = SystemFile.names(folder).filter { $0.hasPrefix("thermal_zone") }
            return zones.compactMap { zone -> Double? in
                let path = folder + zone + "/"
                guard let temperature = SystemFile.number(path + "temp") else { return nil }
                let points = SystemFile.names(path).filter { $0.hasPrefix("trip_point_") && $0.hasSuffix("_type") }
                let critical = points.first { SystemFile.text(path + $0)?.hasPrefix("critical") ?? false }
                guard let name = critical?.dropLast("type".count), let limit = SystemFile.number(path + name + "temp"),
                    limit > 0
                else { return nil }
                return Double(temperature) / Double(limit)
            }.max()
        }
    }
#endif
