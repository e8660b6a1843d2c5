// SPDX-License-Identifier: Apache-2.0
//
// A line of Markdown without its marks. No parser: it removes what
// frankensearch removes, in the same order, so that the hashes agree.

enum MarkdownLine {
    typealias Scalars = ArraySlice<Unicode.Scalar>

    static func words(of line: Scalars) -> Scalars {
        var words = line
        // Looked for once, before anything is removed.
        let hasStars = line.contains("*")
        let hasUnderscores = line.contains("_")
        if hasStars { words = words.withoutPairs(of: "*") }
        if hasUnderscores { words = words.withoutPairs(of: "_") }
        if hasStars { words.removeAll { $0 == "*" } }
        if hasUnderscores { words = withoutEmphasis(words) }
        words.removeAll { $0 == "`" }
        if line.contains("[") { words = withoutLinks(words) }
        return withoutPrefix(words)
    }

    /// Removes underscores on the edges of words; `snake_case` keeps its own.
    private static func withoutEmphasis(_ line: Scalars) -> Scalars {
        func isWord(_ index: Int) -> Bool { line.indices.contains(index) && line[index].isAlphanumeric }
        let kept = line.indices.filter { index in
            line[index] != "_" || isWord(index - 1) == isWord(index + 1)
        }
        return Scalars(kept.map { line[$0] })
    }

    /// `[label](address)` becomes `label`. What is not closed stays, with all that follows.
    private static func withoutLinks(_ line: Scalars) -> Scalars {
        var result: Scalars = []
        var rest = line
        while let open = rest.firstIndex(of: "[") {
            result += rest[..<open]
            guard let close = end(of: "[", "]", in: rest[open...]) else { return result + rest[open...] }
            let behind = rest[(close + 1)...]
            if behind.first == "(" {
                guard let end = end(of: "(", ")", in: behind) else { return result + rest[open...] }
                result += rest[(open + 1)..<close]
                rest = rest[(end + 1)...]
            } else {
                result += rest[open...close]
                rest = behind
            }
        }
        return result + rest
    }

    /// Where the bracket that `text` begins with is closed.
    private static func end(of open: Unicode.Scalar, _ close: Unicode.Scalar, in text: Scalars) -> Int? {
        var depth = 0
        return text.firstIndex { scalar in
            if scalar == open { depth += 1 }
            if scalar == close { depth -= 1 }
            return depth == 0
        }
    }

    /// Removes the marks of a heading, of a quotation and of an item of a list.
    private static func withoutPrefix(_ line: Scalars) -> Scalars {
        let line = line.trimmingStart { $0 == "#" }.trimmingStart(\.isWhitespace)
            .trimmingStart { $0 == ">" }.trimmingStart(\.isWhitespace)
        if line.starts(with: "- ".unicodeScalars) || line.starts(with: "+ ".unicodeScalars) { return line.dropFirst(2) }
        let behindNumber = line.drop { ("0"..."9").contains($0) }
        let isItem = behindNumber.count < line.count && behindNumber.starts(with: ". ".unicodeScalars)
        return isItem ? behindNumber.dropFirst(2) : line
    }
}

extension ArraySlice<Unicode.Scalar> {
    /// Removes every two of a scalar that stand together, from left to right.
    fileprivate func withoutPairs(of scalar: Unicode.Scalar) -> ArraySlice {
        var result: ArraySlice = []
        var index = startIndex
        while index < endIndex {
            if self[index] == scalar, index + 1 < endIndex, self[index + 1] == scalar {
                index += 2
            } else {
                result.append(self[index])
                index += 1
            }
        }
        return result
    }
}
