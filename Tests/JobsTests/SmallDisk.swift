// SPDX-License-Identifier: Apache-2.0
//
// A file system of a few megabytes that tests can fill; only root may mount one, and only on Linux.

#if os(Linux)
    import Glibc

    final class SmallDisk {
        let path: String
        private var filler: String { "\(path)/filler" }

        /// Nil where it may not be mounted.
        init?(at path: String, megabytes: Int) {
            self.path = path
            mkdir(path, 0o700)
            guard geteuid() == 0, run(["mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", path]) else {
                print("full disks are not tested: a small one cannot be mounted here")
                return nil
            }
        }

        func unmount() { _ = run(["umount", "-l", path]) }

        /// Leaves so many bytes, to the page.
        func fill(leaving bytes: Int = 0) {
            let descriptor = open(filler, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            defer { close(descriptor) }
            var page = [UInt8](repeating: 1, count: 4096)
            while Glibc.write(descriptor, &page, page.count) > 0 {}
            ftruncate(descriptor, max(0, lseek(descriptor, 0, SEEK_END) - bytes))
        }

        func empty() { unlink(filler) }
    }

    /// Whether a program ended with status 0.
    private func run(_ command: [String]) -> Bool {
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        guard posix_spawnp(&process, command[0], nil, nil, &arguments, environ) == 0 else { return false }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return status == 0
    }
#endif
