// SPDX-License-Identifier: Apache-2.0
//
// How many threads may compute at once on this machine.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public enum Processors {
    /// Physical cores that this process may use, within the CPU quota of its control group; at least 1.
    ///
    /// Two threads on one core would share its vector units, so siblings count once.
    public static let computeThreads: Int = {
        #if os(Linux)
            let allowed = allowedProcessors()
            let cores = Set(allowed.map { siblings(of: $0) }).count
            return max(1, min(cores == 0 ? onlineProcessors : cores, quota() ?? .max))
        #else
            return max(1, physicalCores() ?? onlineProcessors)
        #endif
    }()

    private static var onlineProcessors: Int { Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Numbers of a list such as "0-3,8,10-11".
    static func numbers(in list: Substring) -> [Int] {
        list.split(separator: ",").flatMap { part -> [Int] in
            let bounds = part.split(separator: "-").compactMap { Int($0) }
            guard let first = bounds.first, let last = bounds.last, first <= last, last - first < 1 << 16 else {
                return []
            }
            return Array(first...last)
        }
    }
}

#if os(Linux)
    extension Processors {
        private static func allowedProcessors() -> [Int] {
            let key = "Cpus_allowed_list:"
            let line = lines(of: "/proc/self/status").first { $0.hasPrefix(key) }
            return line.map { numbers(in: trimmed($0.dropFirst(key.count))) } ?? []
        }

        /// The processors that share a core with one; itself where the kernel does not say.
        private static func siblings(of processor: Int) -> [Int] {
            let path = "/sys/devices/system/cpu/cpu\(processor)/topology/thread_siblings_list"
            return lines(of: path).first.map { numbers(in: trimmed($0)) } ?? [processor]
        }

        /// Whole CPUs that the control groups (version 2) grant, from the process's own up to the root.
        private static func quota() -> Int? {
            guard let entry = lines(of: "/proc/self/cgroup").first(where: { $0.hasPrefix("0::/") }) else { return nil }
            var group = entry.dropFirst(3)
            var least: Int?
            while true {
                let words = lines(of: "/sys/fs/cgroup\(group)/cpu.max").first?.split(separator: " ") ?? []
                if words.count == 2, let quota = Int(words[0]), let period = Int(words[1]), period > 0 {
                    least = min(least ?? .max, quota / period)
                }
                guard let slash = group.lastIndex(of: "/") else { return least }
                group = group[..<slash]
            }
        }

        /// Lines of a file of the kernel, which says nothing of its size beforehand.
        private static func lines(of path: String) -> [Substring] {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return [] }
            defer { close(descriptor) }
            var bytes = [UInt8](repeating: 0, count: 16384)
            let count = read(descriptor, &bytes, bytes.count)
            return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: "\n")
        }

        private static func trimmed(_ text: Substring) -> Substring {
            text.drop(while: \.isWhitespace)
        }
    }
#else
    extension Processors {
        /// The fast cores where there are two kinds, for a pass would wait for the slow ones.
        private static func physicalCores() -> Int? {
            for name in ["hw.perflevel0.physicalcpu", "hw.physicalcpu"] {
                var count: Int32 = 0
                var size = MemoryLayout<Int32>.size
                if sysctlbyname(name, &count, &size, nil, 0) == 0, count > 0 { return Int(count) }
            }
            return nil
        }
    }
#endif
