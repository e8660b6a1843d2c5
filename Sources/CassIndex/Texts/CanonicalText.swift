// SPDX-License-Identifier: Apache-2.0
//
// What of a message is embedded: its words, without the marks of Markdown, in
// one line. Source: frankensearch-core/src/canonicalize.rs.

import Tokenizers

/// Equal for texts that look the same, so that its hash tells whether a message has changed.
public enum CanonicalText {
    /// Scalars that are kept.
    static let maximumLength = 2000
    /// Lines that are kept of a block of code.
    static let codeLines = (first: 20, last: 10)

    /// Messages that say nothing to search for.
    private static let acknowledgements: Set<String> = [
        "ok", "done", "done.", "got it", "got it.", "understood", "understood.", "sure", "sure.", "yes", "no", "thanks",
        "thanks.", "thank you", "thank you.",
    ]

    /// - Returns: an empty text where there is nothing to embed.
    public static func of(_ message: String) -> String {
        let text = inOneLine(withoutMarkdown(Array(NormalForm.composed(message).unicodeScalars)))
        let isAcknowledgement = text.allSatisfy(\.isASCII) && acknowledgements.contains(text.text.lowercased())
        return isAcknowledgement ? "" : text.prefix(maximumLength).text
    }

    // MARK: Lines

    private static func withoutMarkdown(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(text.count)
        var code: CodeBlock?
        for line in lines(of: text) {
            if line.starts(with: "```".unicodeScalars) {
                if let block = code {
                    block.append(to: &result)
                    code = nil
                } else {
                    code = CodeBlock(opening: line)
                }
            } else if code != nil {
                code?.lines.append(line)
            } else {
                let words = MarkdownLine.words(of: line)
                if !words.isEmpty {
                    result += words
                    result.append("\n")
                }
            }
        }
        if let code, !code.lines.isEmpty { code.append(to: &result) }
        return result
    }

    /// Without their ends: a line feed, and a carriage return just before it.
    private static func lines(of text: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for index in lines.indices.dropLast() where lines[index].last == "\r" { lines[index].removeLast() }
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    /// Every run of white space as one blank, and none at the ends.
    private static func inOneLine(_ text: [Unicode.Scalar]) -> ArraySlice<Unicode.Scalar> {
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(text.count)
        for scalar in text {
            if !scalar.isWhitespace {
                result.append(scalar)
            } else if let last = result.last, last != " " {
                result.append(" ")
            }
        }
        return result.last == " " ? result.dropLast() : result[...]
    }
}

/// A block between two lines of "```", or from one to the end.
private struct CodeBlock {
    var language: ArraySlice<Unicode.Scalar>
    var lines: [ArraySlice<Unicode.Scalar>] = []

    init(opening line: ArraySlice<Unicode.Scalar>) { language = line.trimmingStart { $0 == "`" }.trimmed }

    /// A label, and the lines; of many only the first and the last, and how many are missing.
    func append(to text: inout [Unicode.Scalar]) {
        text += (language.isEmpty ? "[code]\n" : "[code: \(language.text)]\n").unicodeScalars
        let (first, last) = CanonicalText.codeLines
        if lines.count > first + last {
            text += lines.prefix(first).joined(separator: "\n".unicodeScalars)
            text += "\n[... \(lines.count - first - last) lines omitted ...]\n".unicodeScalars
            text += lines.suffix(last).joined(separator: "\n".unicodeScalars)
        } else {
            text += lines.joined(separator: "\n".unicodeScalars)
        }
        text.append("\n")
    }
}
