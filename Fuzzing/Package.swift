// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// Fuzzing is a package of its own, so that building Hearth knows nothing of it. `Modules` is a link to ../Sources:
// the modules are built from there once more, with the fuzzer's instrumentation (Scripts/fuzz).

import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]
/// Some of what reads bytes is not public. Of two sanitizers the compiler takes one, and then leaves out what guides
/// the fuzzer: which edges were taken and what was compared. Only Hearth's modules have it.
let fuzzed: [SwiftSetting] =
    settings + [
        .unsafeFlags([
            "-enable-testing", "-sanitize-coverage=edge,indirect-calls,trace-cmp,inline-8bit-counters,pc-table",
        ])
    ]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Modules/\(name)", swiftSettings: fuzzed)
}

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "fuzzing",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        module("JSON"),
        module("Spelling"),
        module("TOML"),
        module("Configuration", ["Spelling", "TOML", "WireProtocol"]),
        .target(name: "CPlatform", path: "Modules/CPlatform"),
        module("Threads", ["CPlatform"]),
        module("WireProtocol", ["JSON", "Spelling"]),
        module("HearthClient", ["Configuration", "JSON", "WireProtocol"]),
        .target(name: "CKernels", path: "Modules/CKernels", cSettings: [.headerSearchPath(".")]),
        module("Tokenizers", ["JSON"]),
        .target(
            name: "CEmbeddedModel", path: "Modules/CEmbeddedModel", exclude: ["model"],
            cSettings: [.headerSearchPath(".")]),
        module(
            "Inference", ["CEmbeddedModel", "CKernels", "CPlatform", "JSON", "Spelling", "Threads", "Tokenizers"]),
        module("ModelStore", ["CPlatform", "JSON", "Spelling", "Threads", subprocess]),
        module("Jobs", ["CPlatform", "JSON", "Spelling", "Threads", grdb, yams]),
        module("CassIndex", ["CPlatform", "JSON", "Tokenizers", grdb]),
        // Of the gateway, what cuts a stream into lines.
        .target(name: "LineFrames", dependencies: [nioCore], path: "LineFrames", swiftSettings: fuzzed),
        // Of the gateway, what reads forms.
        .target(name: "Forms", path: "Forms", swiftSettings: fuzzed),
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "CassIndex", "Configuration", "Forms", "HearthClient", "Inference", "JSON", "Jobs", "LineFrames",
                "ModelStore",
                "TOML",
                "Tokenizers", "WireProtocol", nioCore, nioEmbedded,
            ],
            path: "Fuzz", swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu17
)
