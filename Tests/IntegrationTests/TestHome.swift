// SPDX-License-Identifier: Apache-2.0
//
// A HEARTH_HOME of a test's own, with the executables as a user runs them.

import Foundation
import TestSupport
import Testing

/// Made with the installed test model inside; whatever daemon runs in it is stopped when it goes.
final class TestHome: Sendable {
    private let folder = TemporaryFolder()
    var path: String { folder.path }
    var socket: String { path + "/run/hearth.sock" }

    /// - Parameter withModels: false for a home where nothing is installed.
    init(withModels: Bool = true) throws {
        if withModels {
            // The models are everybody's, all else is this home's own.
            try FileManager.default.createDirectory(atPath: path + "/data", withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(
                atPath: path + "/data/models",
                withDestinationPath: try #require(variable("HEARTH_TEST_DATA")) + "/models")
        }
    }

    deinit { _ = try? run(["stop", "--force"]) }

    func write(_ text: String, to name: String) { folder.write(text, to: name) }

    /// True under `make test`, which builds the executables and pulls the model first.
    static var isPrepared: Bool { variable("HEARTH_TEST_EXECUTABLES") != nil && variable("HEARTH_TEST_DATA") != nil }

    static func executable(_ name: String) -> String { (variable("HEARTH_TEST_EXECUTABLES") ?? "") + "/" + name }

    func environment(_ extra: [String: String] = [:]) -> [String: String] {
        var environment = [
            "HEARTH_HOME": path, "PATH": variable("PATH") ?? "/usr/bin:/bin", "HOME": path,
            // A busy machine may take long to start a daemon.
            "HEARTH_DAEMON_STARTUP_TIMEOUT": "120",
        ]
        environment.merge(extra) { $1 }
        return environment
    }

    /// Runs `hearth` to its end.
    @discardableResult
    func run(
        _ arguments: [String], input: Data? = nil, environment: [String: String] = [:]
    ) throws -> Finished {
        try Self.run(
            Self.executable("hearth"), arguments, input: input, environment: self.environment(environment))
    }

    struct Finished {
        let status: Int32
        let output: String
        let errors: String
    }

    static func run(
        _ executable: String, _ arguments: [String], input: Data? = nil, environment: [String: String]
    ) throws -> Finished {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.environment = environment
        let output = Pipe()
        let errors = Pipe()
        let standardInput = Pipe()
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = input == nil ? FileHandle.nullDevice : standardInput
        try process.run()
        let writer = Thread {
            if let input { try? standardInput.fileHandleForWriting.write(contentsOf: input) }
            try? standardInput.fileHandleForWriting.close()
        }
        if input != nil { writer.start() }
        let collected = Collected()
        let reader = Thread { collected.finish(errors.fileHandleForReading.readDataToEndOfFile()) }
        reader.start()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let errorText = String(decoding: collected.wait(), as: UTF8.self)
        process.waitUntilExit()
        return Finished(status: process.terminationStatus, output: text, errors: errorText)
    }
}

/// What another thread read.
private final class Collected: @unchecked Sendable {
    // Written once before `done` is signalled, read only after it.
    private var data = Data()
    private let done = DispatchSemaphore(value: 0)

    func finish(_ data: Data) {
        self.data = data
        done.signal()
    }

    func wait() -> Data {
        done.wait()
        return data
    }
}
