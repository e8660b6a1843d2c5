// SPDX-License-Identifier: Apache-2.0
//
// Data on standard output. A reader that has enough (`| head -1`) ends the
// command quietly; a full disk is an error.

import ArgumentParser
import JSON
import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum Output {
    static func write(_ text: String) throws { try write(Array(text.utf8)) }

    static func line(_ json: JSONValue) throws { try write(json.encoded() + [UInt8(ascii: "\n")]) }

    static func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try write($0) }
    }

    static func write(_ bytes: UnsafeRawBufferPointer) throws {
        let error = Console.write(bytes, to: STDOUT_FILENO)
        // Seen only where SIGPIPE is ignored; elsewhere the signal ends the process with this very status.
        if error == EPIPE { throw ExitCode(128 + SIGPIPE) }
        if error != 0 {
            throw CommandError("output", "cannot write to standard output: \(String(cString: strerror(error)))")
        }
    }

    /// A message beside the data.
    static func note(_ text: String) {
        Console.writeToStandardError("hearth: \(text)\n")
    }
}
