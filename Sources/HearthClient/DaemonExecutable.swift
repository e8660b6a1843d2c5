// SPDX-License-Identifier: Apache-2.0
//
// Where `hearthd` is: HEARTH_DAEMON, else beside this program, else in PATH.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public enum DaemonExecutable {
    public static let name = "hearthd"

    /// The path of an executable file.
    public static func find(environment: [String: String]) throws(ClientError) -> String {
        if let path = environment["HEARTH_DAEMON"], !path.isEmpty {
            guard isExecutable(path) else {
                throw .noDaemon("HEARTH_DAEMON is '\(path)', which is not an executable file")
            }
            return path
        }
        let here = ownFolder()
        let folders = (here.map { [$0] } ?? []) + (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        for folder in folders where isExecutable("\(folder)/\(name)") { return "\(folder)/\(name)" }
        throw .noDaemon(
            "\(name) was found neither in '\(here ?? "the folder of this program")' nor in PATH; "
                + "install it there or set HEARTH_DAEMON to its path")
    }

    private static func isExecutable(_ path: String) -> Bool {
        var entry = stat()
        return stat(path, &entry) == 0 && entry.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    /// The folder that holds this program, symbolic links resolved.
    private static func ownFolder() -> String? {
        #if canImport(Darwin)
            var capacity = UInt32(PATH_MAX)
            var buffer = [CChar](repeating: 0, count: Int(capacity))
            guard _NSGetExecutablePath(&buffer, &capacity) == 0, let resolved = realpath(buffer, nil) else {
                return nil
            }
        #else
            guard let resolved = realpath("/proc/self/exe", nil) else { return nil }
        #endif
        defer { free(resolved) }
        let path = String(cString: resolved)
        return path.lastIndex(of: "/").map { String(path[..<$0]) }
    }
}
