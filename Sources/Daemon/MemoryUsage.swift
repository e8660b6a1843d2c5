// SPDX-License-Identifier: Apache-2.0
//
// How much memory this process uses, as the system counts it, and how little
// it gets by with.

import CPlatform
import Inference

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Resident bytes, and those of them that no file backs and no other process shares.
public func memoryUsage() -> (residentBytes: Int, privateBytes: Int) {
    #if canImport(Darwin)
        var info = task_vm_info_data_t()
        var count = mach_msg_type_number_t(MemoryLayout<task_vm_info_data_t>.size / MemoryLayout<natural_t>.size)
        let result = withUnsafeMutablePointer(to: &info) { pointer in
            pointer.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
                task_info(mach_task_self_, task_flavor_t(TASK_VM_INFO), $0, &count)
            }
        }
        guard result == KERN_SUCCESS else { return (0, 0) }
        return (Int(info.resident_size), Int(info.internal))
    #else
        // proc_pid_status(5): VmRSS and RssAnon, in kB.
        guard let file = fopen("/proc/self/status", "re") else { return (0, 0) }
        defer { fclose(file) }
        var resident = 0
        var anonymous = 0
        var buffer = [CChar](repeating: 0, count: 256)
        while fgets(&buffer, Int32(buffer.count), file) != nil {
            let line = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            let fields = line.split { $0 == " " || $0 == "\t" || $0 == "\n" }
            guard fields.count >= 2, let kilobytes = Int(fields[1]) else { continue }
            switch fields[0] {
            case "VmRSS:": resident = kilobytes * 1024
            case "RssAnon:": anonymous = kilobytes * 1024
            default: break
            }
        }
        return (resident, anonymous)
    #endif
}

/// Bytes of the machine's memory.
func physicalMemory() -> Int { Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE))) }

/// Keeps the daemon small, for a process that has one thread so far: threads share a heap for each that computes. With
/// heaps of their own, what each keeps for itself made a tenth of all private memory, and took longest to stop growing.
public func shareHeaps() { hearth_share_heaps(Int32(clamping: Processors.computeThreads)) }
