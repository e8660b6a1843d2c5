// SPDX-License-Identifier: Apache-2.0

import TestSupport

#if canImport(Glibc)
    import Glibc
#endif

/// Bytes of memory that this process occupies, where the system tells (Linux); else 0.
func residentMemory() -> Int {
    #if canImport(Glibc)
        let fields = (readText("/proc/self/statm") ?? "").split(separator: " ")
        return (Int(fields.dropFirst().first ?? "") ?? 0) * Int(getpagesize())
    #else
        return 0
    #endif
}
