// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let swift: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

// Kernels at -O0 are 40 times slower than optimised ones, which would make debug test runs crawl.
let optimizedC: [CSetting] = [.unsafeFlags(["-O2"], .when(configuration: .debug))]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swift)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(name: name + "Tests", dependencies: [.init(stringLiteral: name)] + dependencies, swiftSettings: swift)
}

let package = Package(
    name: "hearth",
    platforms: [.macOS(.v15)],
    dependencies: [],
    targets: [
        .target(name: "CKernels", cSettings: optimizedC),
        library("JSON"),
        tests("JSON"),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu17
)
