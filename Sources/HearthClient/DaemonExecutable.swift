// SPDX-License-Identifier: Apache-2.0
//
// Where `hearthd` is: HEARTH_DAEMON, else beside this program, else in PATH.

import WireProtocol

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
        let here = executableFolder()
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
}
