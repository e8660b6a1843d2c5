// SPDX-License-Identifier: Apache-2.0
//
// Opening and reading files that anyone may have put there.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct ErrorNumber: Error {
    let value: Int32
}

/// A name as the C library wants it.
func cName(_ bytes: some Sequence<UInt8>) -> [CChar] {
    var name = bytes.map { CChar(bitPattern: $0) }
    name.append(0)
    return name
}

/// Opens a regular file for reading: what is none is not opened at all, as opening alone can block or act.
func openRegularFile(_ name: [CChar], in folder: Int32) -> Result<Int32, ErrorNumber> {
    var status = stat()
    guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
        return .failure(ErrorNumber(value: errno))
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
        return .failure(ErrorNumber(value: status.st_mode & S_IFMT == S_IFLNK ? ELOOP : EINVAL))
    }
    // What was a file may be a FIFO by now: opening does not wait, and the descriptor is looked at again.
    let file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    guard file >= 0 else { return .failure(ErrorNumber(value: errno)) }
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        close(file)
        return .failure(ErrorNumber(value: EINVAL))
    }
    return .success(file)
}

/// Reads a file from its start, as far as it goes now, but no further than a byte over the limit.
/// - Returns: nil where reading fails.
func readFile(_ file: Int32, limit: Int) -> [UInt8]? {
    var status = stat()
    guard fstat(file, &status) == 0 else { return nil }
    let capacity = min(max(Int(status.st_size), 0), limit) + 1
    var failed = false
    let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
        while count < capacity, let start = buffer.baseAddress {
            let more = read(file, start + count, capacity - count)
            if more < 0, errno == EINTR { continue }
            failed = more < 0
            if more <= 0 { break }
            count += more
        }
    }
    return failed ? nil : bytes
}
