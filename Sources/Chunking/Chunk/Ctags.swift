// SPDX-License-Identifier: Apache-2.0
//
// Universal Ctags, where it is installed: it knows the declarations of languages
// for which there is no reader here. One process serves all files; it is given
// their text, and where it can, it locks itself out of everything else.

import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds declarations with Universal Ctags (https://docs.ctags.io/en/latest/man/ctags-json-output.5.html).
///
/// Calls block the thread, and wait for each other. A file on which ctags fails has no declarations.
public final class Ctags: Sendable {
    /// After so many failures it is not started again.
    private static let failureLimit = 5

    private struct State {
        var connection: CtagsConnection?
        var failures = 0
    }

    private let arguments: [String]
    private let environment: [String: String]
    private let timeout: Duration
    private let state = Mutex(State())

    /// Nil where there is no Universal Ctags that can read from a pipe.
    /// - Parameters:
    ///   - environment: of the process, for finding and running ctags.
    ///   - timeout: where ctags needs longer for a file, it is ended.
    public init?(environment: [String: String], timeout: Duration = .seconds(10)) {
        let found = try? ChildOutput.of(
            "ctags", ["--options=NONE", "--list-features"], environment: environment, timeout: .seconds(10))
        guard let found else { return nil }
        let features = Set(
            String(decoding: found, as: UTF8.self).split(separator: "\n").compactMap { $0.split(separator: " ").first })
        guard features.isSuperset(of: ["interactive", "json"]) else { return nil }
        // Options of the user's, or of the folder's, would change what is found, and can run programs.
        arguments = [
            "--options=NONE", "--output-format=json", "--fields=+ne", "--pseudo-tags=",
            "--_interactive=" + (features.contains("sandbox") ? "sandbox" : "default"),
        ]
        self.environment = environment
        self.timeout = timeout
    }

    func blocks(of lines: SourceLines, language: Language) -> [Block] {
        guard let name = language.ctagsName, lines.count > 0 else { return [] }
        let replies = state.withLock { state -> [[UInt8]] in
            guard state.failures < Self.failureLimit else { return [] }
            if state.connection == nil {
                state.connection = CtagsConnection(arguments: arguments, environment: environment)
            }
            if let replies = state.connection?.tags(of: lines.bytes, name: name, timeout: timeout) {
                return replies
            }
            state.connection = nil
            state.failures += 1
            return []
        }
        return CtagsOutline.blocks(of: lines, language: language, replies: replies)
    }
}
