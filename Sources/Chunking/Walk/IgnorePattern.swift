// SPDX-License-Identifier: Apache-2.0
//
// One line of a .gitignore file, and the file as a list of them (gitignore(5)).
// Patterns are matched against paths relative to the folder of their file.

struct IgnorePattern {
    /// Without the `!` in front and the slash behind.
    private let pattern: [UInt8]
    /// The pattern's bytes before the first that is special.
    private let literalCount: Int
    /// `!`: takes back what an earlier pattern ignores.
    let isNegated: Bool
    private let isForFolders: Bool
    /// Without a slash, a pattern is about names at any depth.
    private let isForNames: Bool

    /// Nil for lines that say nothing: blank ones and comments.
    init?(line: ArraySlice<UInt8>) {
        guard let first = line.first, first != UInt8(ascii: "#") else { return nil }
        var text = Self.withoutTrailingSpaces(line)
        isNegated = text.first == UInt8(ascii: "!")
        if isNegated { text = text.dropFirst() }
        isForFolders = text.last == UInt8(ascii: "/")
        if isForFolders { text = text.dropLast() }
        isForNames = !text.contains(UInt8(ascii: "/"))
        // A slash in front only says that the pattern is about paths.
        if text.first == UInt8(ascii: "/") { text = text.dropFirst() }
        if text.isEmpty, !isForFolders { return nil }
        pattern = Array(text)
        literalCount = pattern.firstIndex(where: Self.isSpecial) ?? pattern.count
    }

    /// - Parameters:
    ///   - path: relative to the pattern's folder.
    ///   - name: the path's last component.
    func matches(_ path: ArraySlice<UInt8>, name: ArraySlice<UInt8>, isFolder: Bool) -> Bool {
        if isForFolders, !isFolder { return false }
        let text = isForNames ? name : path
        guard text.starts(with: pattern[..<literalCount]) else { return false }
        if literalCount == pattern.count { return text.count == literalCount }
        // git matches what follows the literal part by itself, which is what makes `a**/b` reach across folders.
        return GlobMatch.matches(
            pattern[literalCount...], text.dropFirst(literalCount), slashesCount: !isForNames)
    }

    static func isSpecial(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "*") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "[")
            || byte == UInt8(ascii: "\\")
    }

    /// Spaces at the end do not count, unless a backslash is before them.
    private static func withoutTrailingSpaces(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var end: Int?
        var index = line.startIndex
        while index < line.endIndex {
            if line[index] == UInt8(ascii: " ") {
                if end == nil { end = index }
            } else {
                end = nil
                if line[index] == UInt8(ascii: "\\") {
                    index += 1
                    if index >= line.endIndex { return line }
                }
            }
            index += 1
        }
        return line[..<(end ?? line.endIndex)]
    }
}

/// The patterns of one file, in the file's order.
struct IgnoreFile {
    /// More patterns than this are left out: each is tried on each file.
    private static let limit = 20_000

    private let patterns: [IgnorePattern]

    init(_ text: [UInt8]) {
        var text = text[...]
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        var patterns: [IgnorePattern] = []
        for line in text.split(separator: UInt8(ascii: "\n")).prefix(Self.limit) {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if let pattern = IgnorePattern(line: line.prefix { $0 != 0 }) { patterns.append(pattern) }
        }
        self.patterns = patterns
    }

    var isEmpty: Bool { patterns.isEmpty }

    /// What the last pattern that matches says: true for ignored, false for taken back; nil where none matches.
    func verdict(_ path: ArraySlice<UInt8>, name: ArraySlice<UInt8>, isFolder: Bool) -> Bool? {
        for pattern in patterns.reversed() where pattern.matches(path, name: name, isFolder: isFolder) {
            return !pattern.isNegated
        }
        return nil
    }
}
