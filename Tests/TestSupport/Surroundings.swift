// SPDX-License-Identifier: Apache-2.0
//
// What tests find around them: variables of the environment and files of the repository.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A variable of the environment; nil where it is not set.
public func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

/// The path of a file or folder of the repository, by its path from the root.
public func repositoryFile(_ path: String) -> String {
    String(#filePath.dropLast("Tests/TestSupport/Surroundings.swift".count)) + path
}
