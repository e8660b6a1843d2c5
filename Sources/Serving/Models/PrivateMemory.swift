// SPDX-License-Identifier: Apache-2.0
//
// How much memory this process has for itself.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Bytes that no file backs and no other process shares; 0 where the system does not say.
func privateMemory() -> Int {
    #if canImport(Darwin)
        var info = task_vm_info_data_t()
        var count = mach_msg_type_number_t(MemoryLayout<task_vm_info_data_t>.size / MemoryLayout<natural_t>.size)
        let result = withUnsafeMutablePointer(to: &info) { pointer in
            pointer.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
                task_info(mach_task_self_, task_flavor_t(TASK_VM_INFO), $0, &count)
            }
        }
        return result == KERN_SUCCESS ? Int(info.internal) : 0
    #else
        // proc_pid_statm(5): size, resident and shared pages, the last of which are the file's.
        let fields = SystemFile.text("/proc/self/statm")?.split(separator: " ").compactMap { Int($0) } ?? []
        guard fields.count > 2 else { return 0 }
        return (fields[1] - fields[2]) * Int(sysconf(Int32(_SC_PAGESIZE)))
    #endif
}
