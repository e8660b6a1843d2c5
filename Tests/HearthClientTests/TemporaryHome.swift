// SPDX-License-Identifier: Apache-2.0
//
// A HEARTH_HOME of one test, and threads for what blocks.

import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class TemporaryHome: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/hearth-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { preconditionFailure("mkdtemp failed: \(errno)") }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        mkdir(path + "/run", 0o700)
    }

    deinit { _ = run("/bin/rm", ["-rf", path], environment: [:]) }

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

    func write(_ text: String, to name: String) { write(bytes: Array(text.utf8), to: name) }

    func write(bytes: [UInt8], to name: String) {
        let descriptor = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        defer { close(descriptor) }
        writeAll(bytes, to: descriptor)
    }

    func contents(of name: String) -> String { String(decoding: bytes(of: name), as: UTF8.self) }

    func bytes(of name: String) -> [UInt8] {
        let descriptor = open("\(path)/\(name)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        return readAll(from: descriptor)
    }
}

func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
    var sent = 0
    while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return }
        sent += count
    }
}

func readAll(from descriptor: Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        guard count > 0 else { return bytes }
        bytes += chunk[..<count]
    }
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
