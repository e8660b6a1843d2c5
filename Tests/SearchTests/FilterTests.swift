// SPDX-License-Identifier: Apache-2.0
//
// Searches of a part of an index.

import Search
import Testing

@Suite struct FilterTests {
    private static let files = [
        "a.swift", "src/b.swift", "src/deep/c.swift", "src/deep/c.py", "srcs/d.swift", "docs/e.md", "Makefile",
        "src/Makefile", "we [i] rd*/f.md",
    ]

    private func index() throws -> SearchableIndex {
        let index = try SearchableIndex()
        for (number, path) in Self.files.enumerated() {
            let language = path.hasSuffix(".swift") ? "swift" : path.hasSuffix(".py") ? "python" : nil
            try index.add(path, "needle \(number)", language: language)
        }
        try index.embed { _ in [Float](repeating: 0.125, count: 64) }
        return index
    }

    @Test(arguments: [
        (SearchFilter(path: "src"), [1, 2, 3, 7]), (SearchFilter(path: "src/"), [1, 2, 3, 7]),
        (SearchFilter(path: "./src/deep"), [2, 3]), (SearchFilter(path: "src/b.swift"), [1]),
        (SearchFilter(path: "sr"), []), (SearchFilter(path: "."), [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        (SearchFilter(path: "we [i] rd*"), [8]),
        (SearchFilter(globs: ["*.swift"]), [0, 1, 2, 4]), (SearchFilter(globs: ["src/**/*.swift"]), [1, 2]),
        (SearchFilter(globs: ["Makefile"]), [6, 7]), (SearchFilter(globs: ["**/c.*"]), [2, 3]),
        (SearchFilter(globs: ["?.swift"]), [0, 1, 2, 4]), (SearchFilter(globs: ["[["]), []),
        (SearchFilter(languages: ["Python"]), [3]), (SearchFilter(path: "src", languages: ["swift"]), [1, 2]),
        (SearchFilter(path: "docs", globs: ["*.swift", "*.py"]), []),
        (SearchFilter(path: "' OR 1 --"), []), (SearchFilter(), [0, 1, 2, 3, 4, 5, 6, 7, 8]),
    ])
    func selects(_ filter: SearchFilter, _ expected: [Int]) throws {
        let index = try index()
        let open = try index.open()
        let vector = index.vector([Float](repeating: 0.125, count: 64))
        for mode in SearchQuery.Mode.allCases {
            let paths = try open.paths("needle", mode: mode, count: 20, filter: filter, vector: vector)
            #expect(Set(paths) == Set(expected.map { Self.files[$0] }), "\(mode)")
        }
    }

    /// A filter that selects more than is made a set of, and then one of few among many that are better.
    @Test func findsWhatIsFarBehind() throws {
        let index = try SearchableIndex()
        let files =
            (0..<21_000).map { ("many/\($0)", "needle needle \($0)") } + [("few/x", "needle in hay hay hay hay")]
        try index.add(files: files)
        try index.embed { [$0.hasSuffix("hay") ? 0.1 : 1] + [Float](repeating: 0, count: 63) }
        let open = try index.open()
        let vector = index.vector([1] + [Float](repeating: 0, count: 63))
        for mode in SearchQuery.Mode.allCases {
            #expect(
                try open.paths("needle", mode: mode, filter: SearchFilter(path: "few"), vector: vector) == ["few/x"])
            let many = try open.paths("needle", mode: mode, filter: SearchFilter(path: "many"), vector: vector)
            #expect(many.count == 10 && many.allSatisfy { $0.hasPrefix("many/") })
            // Selects all chunks, so that it is tested after the search, but none that is near.
            #expect(
                try open.paths("needle", mode: mode, filter: SearchFilter(globs: ["*y/*0"]), vector: vector).count == 10
            )
        }
    }
}
