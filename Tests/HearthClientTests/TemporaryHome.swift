// SPDX-License-Identifier: Apache-2.0
//
// A HEARTH_HOME of one test, and threads for what blocks.

import TestSupport
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class TemporaryHome: Sendable {
    private let folder = TemporaryFolder()
    var path: String { folder.path }

    init() { mkdir(path + "/run", 0o700) }

    /// The variables of a client that lives here and would start this `hearthd`.
    func environment(daemon: String? = nil, _ others: [String: String] = [:]) -> [String: String] {
        var variables = ["HEARTH_HOME": path, "PATH": "/usr/bin:/bin"].merging(others) { $1 }
        variables["HEARTH_DAEMON"] = daemon
        return variables
    }

    var paths: HearthPaths {
        get throws { try HearthPaths(environment: environment()) }
    }

    /// Writes an executable script and gives its path.
    func script(_ name: String, _ lines: String) -> String {
        let file = "\(path)/\(name)"
        write("#!/bin/sh\n\(lines)\n", to: name + ".sh")
        // Copied by another process: a child that some other test starts at this moment would inherit a descriptor for
        // writing of this one, and what is open for writing cannot be executed.
        _ = run("/bin/cp", [file + ".sh", file], environment: [:])
        chmod(file, 0o755)
        return file
    }

    func write(_ text: String, to name: String) { folder.write(text, to: name) }
    func contents(of name: String) -> String { folder.text(of: name) ?? "" }
}

/// Runs a function on a thread of its own: what blocks must not hold up the pool that runs the tests.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Body: Sendable {
        let call: @Sendable () -> Void
        init(_ call: @escaping @Sendable () -> Void) { self.call = call }
    }
    let context = Unmanaged.passRetained(Body(body)).toOpaque()
    #if canImport(Darwin)
        var thread: pthread_t?
        pthread_create(
            &thread, nil,
            { context in
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().call()
                return nil
            }, context)
        if let thread { pthread_detach(thread) }
    #else
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().call() }
                return nil
            }, context)
        pthread_detach(thread)
    #endif
}
