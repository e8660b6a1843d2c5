// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
    .treatAllWarnings(as: .error),
]

// Kernels at -O0 are 40 times slower than optimised ones, which would make debug test runs crawl.
let optimized: [CSetting] = [.unsafeFlags(["-O2"], .when(configuration: .debug))]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func executable(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["TestSupport"], exclude: exclude, swiftSettings: settings)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")

let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "hearth",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "hearth", targets: ["hearth"]),
        .executable(name: "hearthd", targets: ["hearthd"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        // What everyone may use.
        module("JSON"),
        module("Spelling"),
        module("TOML"),
        module("Configuration", ["Spelling", "TOML", "WireProtocol"]),
        module("Terminal"),
        .target(name: "CPlatform", cSettings: optimized),
        module("Threads", ["CPlatform"]),

        // The wire, and the command that speaks it.
        module("WireProtocol", ["JSON", "Spelling"]),
        module("HearthClient", ["Configuration", "JSON", "WireProtocol"]),
        executable("hearth", ["HearthClient", "JSON", "Spelling", "Terminal", "WireProtocol", argumentParser]),

        // Inference.
        .target(name: "CKernels", cSettings: optimized + [.headerSearchPath(".")]),
        module("Tokenizers", ["JSON"]),
        // The model that is always there. Its files get into the executable by the assembler, as they are.
        .target(name: "CEmbeddedModel", exclude: ["model"], cSettings: [.headerSearchPath(".")]),
        module(
            "Inference", ["CEmbeddedModel", "CKernels", "CPlatform", "JSON", "Spelling", "Threads", "Tokenizers"]),
        module("ModelStore", ["CPlatform", "JSON", "Spelling", "Threads", subprocess]),

        // Search.
        module("Chunking", ["JSON"]),
        module("Search", ["CKernels", "CPlatform", "Chunking", "Threads", grdb, grdbSQLite]),

        // Jobs.
        module("Jobs", ["CPlatform", "JSON", "Spelling", "Threads", grdb, yams]),

        // The index files of cass.
        module("CassIndex", ["CPlatform", "JSON", "Tokenizers", grdb]),

        // The daemon.
        module("Serving", ["CPlatform", "Inference", "Observability", "Threads"]),
        // The page that is served. Its files get into the executable by the assembler, as they are.
        .target(name: "CPage", exclude: ["files"], cSettings: [.headerSearchPath(".")]),
        module(
            "Gateways",
            [
                "CPage",
                "CPlatform", "Configuration", "Inference", "JSON", "Jobs", "Observability", "Search", "Serving",
                "Spelling", "Threads", "WireProtocol", nioCore, nioHTTP1, nioSSL, nioTLS, nioWebSocket,
            ]),
        module("Observability", ["JSON", logging]),
        module("Services", ["Spelling", "WireProtocol"]),
        module(
            "Daemon",
            [
                "CPlatform", "Configuration", "Gateways", "Inference", "JSON", "Jobs", "ModelStore", "Observability",
                "Search", "Services", "Serving", "Threads", "WireProtocol", logging, nioCore, nioHTTP1, nioPosix,
                nioSSL,
            ]),
        executable(
            "hearthd",
            [
                "CassIndex", "Chunking", "Configuration", "Daemon", "Gateways", "HearthClient", "Inference", "JSON",
                "Jobs",
                "ModelStore",
                "Search",
                "Serving", "Terminal", "Threads", "WireProtocol", argumentParser,
            ]),

        // What every test may use.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
        tests("JSONTests", ["JSON"]),
        tests("TOMLTests", ["TOML"]),
        tests("ConfigurationTests", ["Configuration"]),
        tests("ObservabilityTests", ["Observability", "JSON", logging]),
        tests("ServicesTests", ["Services", "JSON", "WireProtocol"]),
        tests("TerminalTests", ["Terminal"]),
        tests("CKernelsTests", ["CKernels"]),
        tests("TokenizersTests", ["Tokenizers", "JSON"], exclude: ["Fixtures"]),
        tests("InferenceTests", ["Inference", "JSON"], exclude: ["Fixtures"]),
        .executableTarget(
            name: "JobsHost", dependencies: ["JSON", "Jobs", "TestSupport"], path: "Tests/JobsHost",
            swiftSettings: settings),
        tests("JobsTests", ["CPlatform", "JSON", "Jobs", "JobsHost"]),
        tests("ChunkingTests", ["Chunking"]),
        tests("SearchTests", ["CKernels", "Chunking", "Search", "Threads", grdb]),
        tests(
            "DaemonTests",
            ["Daemon", "Gateways", "JSON", "Observability", "Serving", logging, nioCore, nioHTTP1, nioPosix]),
        tests(
            "GatewaysTests",
            [
                "Configuration", "Gateways", "Inference", "JSON", "Jobs", "JobsHost", "Observability", "Search",
                "Serving", "WireProtocol", nioCore, nioEmbedded, nioHTTP1, nioPosix,
            ]),
        tests(
            "CompatTests",
            [
                "CPlatform", "Configuration", "Gateways", "Inference", "JSON", "Jobs", "Search", "Serving",
                "WireProtocol", nioCore, nioPosix,
            ]),
        tests("CassIndexTests", ["CassIndex", grdb]),
        tests("ServingTests", ["Inference", "Observability", "Serving"]),
        tests("ModelStoreTests", ["ModelStore", "CPlatform", subprocess]),
        tests("HearthClientTests", ["HearthClient", "JSON", "WireProtocol", "hearth"]),
        // The two executables, as a user runs them.
        tests("IntegrationTests", ["JSON", grdb], exclude: ["Clients"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu17
)
