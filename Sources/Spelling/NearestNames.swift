// SPDX-License-Identifier: Apache-2.0
//
// "Did you mean …?": names close to one that does not exist.

/// The candidates within a third of the name's length in edits, nearest first.
public func nearestNames(to name: String, among candidates: [String], atMost count: Int = 3) -> [String] {
    // Nothing that long was meant to be one of them.
    guard name.utf8.count <= 128 else { return [] }
    let letters = Array(name.lowercased().utf8)
    let limit = max(1, letters.count / 3)
    let distances = candidates.map { (name: $0, distance: editDistance(letters, Array($0.lowercased().utf8))) }
    return distances.filter { $0.distance <= limit || $0.name.lowercased().contains(name.lowercased()) }
        .sorted { $0.distance < $1.distance }
        .prefix(count).map(\.name)
}

/// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
private func editDistance(_ first: [UInt8], _ second: [UInt8]) -> Int {
    var beforePrevious: [Int] = []
    var previous = Array(0...second.count)
    for (row, letter) in first.enumerated() {
        var current = [row + 1]
        for (column, other) in second.enumerated() {
            var distance = previous[column] + (letter == other ? 0 : 1)
            distance = min(distance, previous[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, letter == second[column - 1], first[row - 1] == other {
                distance = min(distance, beforePrevious[column - 1] + 1)
            }
            current.append(distance)
        }
        (beforePrevious, previous) = (previous, current)
    }
    return previous[second.count]
}
