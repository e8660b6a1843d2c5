// SPDX-License-Identifier: Apache-2.0
//
// How many files and sockets the daemon may have open: the soft limit, which is
// often 1024, is raised towards the hard one.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public enum DescriptorLimit {
    /// Enough for every connection, and little enough that programs that walk all descriptors do not crawl.
    public static let enough = 65536

    /// Raises the soft limit to the hard one, but not above `cap`, and never lowers it.
    /// - Returns: the soft limit from now on; nil when the system does not tell.
    @discardableResult
    public static func raise(to cap: Int = enough) -> Int? {
        #if canImport(Glibc)
            let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let files = RLIMIT_NOFILE
        #endif
        var limit = rlimit()
        guard getrlimit(files, &limit) == 0 else { return nil }
        var wanted = limit
        wanted.rlim_cur = rlim_t(target(soft: UInt64(limit.rlim_cur), hard: UInt64(limit.rlim_max), cap: cap))
        if wanted.rlim_cur > limit.rlim_cur, setrlimit(files, &wanted) == 0 { limit = wanted }
        return Int(clamping: limit.rlim_cur)
    }

    /// - Returns: the soft limit to ask for.
    public static func target(soft: UInt64, hard: UInt64, cap: Int) -> UInt64 {
        #if canImport(Darwin)
            // macOS refuses more than this even where the hard limit is said to be infinite.
            let cap = min(cap, Int(OPEN_MAX))
        #endif
        return max(soft, min(hard, UInt64(max(0, cap))))
    }
}
