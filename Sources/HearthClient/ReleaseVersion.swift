// SPDX-License-Identifier: Apache-2.0
//
// Which of two releases is newer (https://semver.org, without build metadata).

struct ReleaseVersion: Comparable {
    private let numbers: [Int]
    /// "beta.1" of "1.0.0-beta.1"; releases without come after those with.
    private let preview: String

    /// What is not a number counts as 0, so that nothing unknown is taken for newer.
    init(_ text: String) {
        let parts = text.split(separator: "-", maxSplits: 1)
        numbers = (parts.first ?? "").split(separator: ".").map { Int($0) ?? 0 }
        preview = parts.count > 1 ? String(parts[1]) : ""
    }

    static func < (left: Self, right: Self) -> Bool {
        for index in 0..<max(left.numbers.count, right.numbers.count) {
            let (a, b) = (left.number(index), right.number(index))
            if a != b { return a < b }
        }
        if left.preview.isEmpty || right.preview.isEmpty { return !left.preview.isEmpty && right.preview.isEmpty }
        return left.preview < right.preview
    }

    private func number(_ index: Int) -> Int { index < numbers.count ? numbers[index] : 0 }
}
