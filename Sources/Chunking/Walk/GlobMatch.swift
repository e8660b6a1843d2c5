// SPDX-License-Identifier: Apache-2.0
//
// The glob language of .gitignore files, as git's wildmatch.c has it: `*`, `?`,
// `[classes]`, `**` between slashes, backslash. Bytes, not characters.

struct GlobMatch {
    /// Steps for one pattern and one path. Patterns come from strangers, and `**/a/**/a/**/…` could take for ever.
    private static let stepLimit = 100_000
    /// Asterisks tried within each other.
    private static let depthLimit = 200

    private let pattern: ArraySlice<UInt8>
    private let text: ArraySlice<UInt8>
    /// Whether `*` and `?` stop at slashes.
    private let slashesCount: Bool
    private var steps = 0
    private var depth = 0

    /// Whether the pattern describes the whole text.
    static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>, slashesCount: Bool) -> Bool {
        var match = GlobMatch(pattern: pattern, text: text, slashesCount: slashesCount)
        return match.run(pattern.startIndex, text.startIndex) == .match
    }

    private init(pattern: ArraySlice<UInt8>, text: ArraySlice<UInt8>, slashesCount: Bool) {
        self.pattern = pattern
        self.text = text
        self.slashesCount = slashesCount
    }

    private enum Outcome {
        case match, noMatch
        /// No later start of an enclosing `*` can match either.
        case abort
        /// As `abort`, except for an enclosing `**`.
        case abortToDoubleStar
    }

    /// The byte at an index, zero beyond the end.
    private func at(_ index: Int) -> UInt8 { index < pattern.endIndex ? pattern[index] : 0 }
    private func textAt(_ index: Int) -> UInt8 { index < text.endIndex ? text[index] : 0 }

    private mutating func run(_ start: Int, _ textStart: Int) -> Outcome {
        var index = start
        var position = textStart
        depth += 1
        defer { depth -= 1 }
        if depth > Self.depthLimit { return .abort }
        while index < pattern.endIndex {
            steps += 1
            if steps > Self.stepLimit { return .abort }
            let byte = at(index)
            let current = textAt(position)
            if position >= text.endIndex, byte != UInt8(ascii: "*") { return .abort }
            switch byte {
            case UInt8(ascii: "?"):
                if slashesCount, current == UInt8(ascii: "/") { return .noMatch }
            case UInt8(ascii: "*"):
                if let outcome = star(&index, &position, from: start) { return outcome }
            case UInt8(ascii: "["):
                if let outcome = bracket(&index, current) { return outcome }
            case UInt8(ascii: "\\"):
                index += 1
                if at(index) != current { return .noMatch }
            default:
                if byte != current { return .noMatch }
            }
            index += 1
            position += 1
        }
        return position < text.endIndex ? .noMatch : .match
    }

    /// One or more asterisks. Returns nil, with the indexes on a slash both have, where matching goes on from there.
    private mutating func star(_ index: inout Int, _ position: inout Int, from start: Int) -> Outcome? {
        let first = index
        index += 1
        var crossesSlashes = !slashesCount
        if at(index) == UInt8(ascii: "*") {
            while at(index) == UInt8(ascii: "*") { index += 1 }
            let isAtFolderStart = first == start || pattern[first - 1] == UInt8(ascii: "/")
            let isBeforeSlash = at(index) == UInt8(ascii: "/")
            let isBeforeEscapedSlash = at(index) == UInt8(ascii: "\\") && at(index + 1) == UInt8(ascii: "/")
            if slashesCount, isAtFolderStart, index >= pattern.endIndex || isBeforeSlash || isBeforeEscapedSlash {
                // `**/` also stands for no folder at all.
                if isBeforeSlash, run(index + 1, position) == .match { return .match }
                crossesSlashes = true
            }
        }
        if index >= pattern.endIndex {
            return crossesSlashes || !text[position...].contains(UInt8(ascii: "/")) ? .match : .noMatch
        }
        if !crossesSlashes, at(index) == UInt8(ascii: "/") {
            guard let slash = text[position...].firstIndex(of: UInt8(ascii: "/")) else { return .noMatch }
            position = slash
            return nil
        }
        while position < text.endIndex {
            let next = at(index)
            if !IgnorePattern.isSpecial(next) {
                while position < text.endIndex, text[position] != next,
                    crossesSlashes || text[position] != UInt8(ascii: "/")
                { position += 1 }
                if textAt(position) != next { return .noMatch }
            }
            let outcome = run(index, position)
            if outcome != .noMatch {
                if !crossesSlashes || outcome != .abortToDoubleStar { return outcome }
            } else if !crossesSlashes, textAt(position) == UInt8(ascii: "/") {
                return .abortToDoubleStar
            }
            position += 1
        }
        return .abort
    }

    /// A class in brackets, against one byte. Returns nil, with the index on the closing bracket, where it matches.
    private func bracket(_ index: inout Int, _ byte: UInt8) -> Outcome? {
        index += 1
        let isNegated = at(index) == UInt8(ascii: "!") || at(index) == UInt8(ascii: "^")
        if isNegated { index += 1 }
        var isIn = false
        var previous: UInt8 = 0
        repeat {
            var current = at(index)
            if index >= pattern.endIndex { return .abort }
            if current == UInt8(ascii: "\\") {
                index += 1
                if index >= pattern.endIndex { return .abort }
                current = at(index)
                if byte == current { isIn = true }
            } else if current == UInt8(ascii: "-"), previous != 0, index + 1 < pattern.endIndex,
                at(index + 1) != UInt8(ascii: "]")
            {
                index += 1
                if at(index) == UInt8(ascii: "\\") {
                    index += 1
                    if index >= pattern.endIndex { return .abort }
                }
                if byte >= previous, byte <= at(index) { isIn = true }
                current = 0
            } else if current == UInt8(ascii: "["), at(index + 1) == UInt8(ascii: ":") {
                let name = index + 2
                guard let end = pattern[min(name, pattern.endIndex)...].firstIndex(of: UInt8(ascii: "]")) else {
                    return .abort
                }
                if end > name, pattern[end - 1] == UInt8(ascii: ":") {
                    guard let contains = Self.classes[String(decoding: pattern[name..<end - 1], as: UTF8.self)] else {
                        return .abort
                    }
                    if contains(byte) { isIn = true }
                    index = end
                    current = 0
                } else if byte == current {
                    isIn = true
                }
            } else if byte == current {
                isIn = true
            }
            previous = current
            index += 1
        } while at(index) != UInt8(ascii: "]")
        return isIn == isNegated || (slashesCount && byte == UInt8(ascii: "/")) ? .noMatch : nil
    }

    private static let classes: [String: @Sendable (UInt8) -> Bool] = [
        "alnum": { isLetter($0) || isDigit($0) }, "alpha": isLetter, "blank": { $0 == 0x20 || $0 == 0x09 },
        "cntrl": { $0 < 0x20 || $0 == 0x7F }, "digit": isDigit, "graph": { $0 > 0x20 && $0 < 0x7F },
        "lower": { (0x61...0x7A).contains($0) }, "print": { $0 >= 0x20 && $0 < 0x7F },
        "punct": { $0 > 0x20 && $0 < 0x7F && !isLetter($0) && !isDigit($0) },
        "space": { $0 == 0x20 || (0x09...0x0D).contains($0) }, "upper": { (0x41...0x5A).contains($0) },
        "xdigit": { isDigit($0) || (0x41...0x46).contains($0) || (0x61...0x66).contains($0) },
    ]

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
