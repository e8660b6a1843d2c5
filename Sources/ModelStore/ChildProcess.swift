// SPDX-License-Identifier: Apache-2.0
//
// Runs a program and collects what it says. curl and pip do the store's network
// work; they bring proxies, certificates and mirrors as the user configured them.

import Subprocess

struct ChildProcess: Sendable {
    struct Outcome: Sendable {
        /// Exit status; nil where a signal ended the program.
        let status: Int32?
        let signal: Int32?
        let output: [UInt8]
        let errorText: String
    }

    enum Failure: Error {
        case notInstalled
        case cancelled
        case failed(String)
    }

    let environment: [String: String]

    /// Runs a program found in PATH, without a shell. A cancelled task ends the program.
    ///
    /// - Parameters:
    ///   - input: what it reads on standard input.
    ///   - limit: more output than this is a failure.
    func run(
        _ program: String, _ arguments: [String], input: String = "", adding variables: [String: String] = [:],
        limit: Int = 1 << 20
    ) async throws(Failure) -> Outcome {
        var keyed: [Environment.Key: String] = [:]
        for (name, value) in environment.merging(variables, uniquingKeysWith: { $1 }) {
            if let key = Environment.Key(rawValue: name) { keyed[key] = value }
        }
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))]
        do {
            let result = try await Subprocess.run(
                .name(program), arguments: Arguments(arguments), environment: .custom(keyed),
                platformOptions: options, input: .string(input), output: .bytes(limit: limit),
                error: .bytes(limit: 1 << 20))
            if Task.isCancelled { throw Failure.cancelled }
            let errorText = String(decoding: result.standardError, as: UTF8.self)
            switch result.terminationStatus {
            case .exited(let status):
                return Outcome(status: status, signal: nil, output: result.standardOutput, errorText: errorText)
            case .signaled(let signal):
                return Outcome(status: nil, signal: signal, output: result.standardOutput, errorText: errorText)
            }
        } catch let failure as Failure {
            throw failure
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw .notInstalled
        } catch {
            throw Task.isCancelled ? .cancelled : .failed("could not run \(program): \(error)")
        }
    }
}
