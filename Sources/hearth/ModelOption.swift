// SPDX-License-Identifier: Apache-2.0
//
// Naming a model on the command line.

import ArgumentParser

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A model as the daemon is to be asked for it: it runs in another folder, so paths are made absolute.
struct ModelName {
    let value: String

    /// A path begins like one, or has a slash and names a folder with a model in it; `org/name` stays a hub id.
    init(_ argument: String) throws {
        if argument.isEmpty { throw ValidationError("the name of a model is empty") }
        let isPath = [".", ".."].contains(argument) || ["/", "./", "../", "~/"].contains { argument.hasPrefix($0) }
        let isFolder = argument.contains("/") && access("\(argument)/config.json", R_OK) == 0
        value = isPath || isFolder ? Self.absolute(argument) : argument
    }

    static let help = ArgumentHelp(
        "A catalogue name, a hub id (org/name) or a path to a folder. Default: the daemon's choice.",
        valueName: "model")

    private static func absolute(_ path: String) -> String {
        if path.hasPrefix("~/"), let home = getenv("HOME") { return String(cString: home) + path.dropFirst() }
        guard let resolved = realpath(path, nil) else {
            // Not there: the daemon's error shall name the place that was meant.
            guard !path.hasPrefix("/"), let current = getcwd(nil, 0) else { return path }
            defer { free(current) }
            return "\(String(cString: current))/\(path)"
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
