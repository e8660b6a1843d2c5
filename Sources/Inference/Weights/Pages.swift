// SPDX-License-Identifier: Apache-2.0
//
// Memory straight from the operating system, so that what is let go of is gone.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Zeroed, page-aligned memory for as long as the object lives.
final class Pages {
    let start: UnsafeMutableRawPointer
    let bytes: UnsafeMutableRawBufferPointer

    /// - Throws: `.outOfMemory` when the system has no memory left.
    init(count: Int) throws(ModelError) {
        let base = mmap(nil, max(count, 1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
        guard let base, base != MAP_FAILED else {
            let reason = String(cString: strerror(errno))
            throw ModelError(.outOfMemory, "the system gives no \(count) bytes of memory: \(reason)")
        }
        start = base
        bytes = UnsafeMutableRawBufferPointer(start: base, count: max(count, 1))
    }

    deinit { munmap(start, bytes.count) }
}
