// SPDX-License-Identifier: Apache-2.0
//
// The language of a file, told by its name, and what the chunker must know of it.

public struct Language: Sendable, Hashable {
    public let name: String
    let structure: Structure
    /// What starts a comment that ends with the line.
    let lineComment: String?
    /// A file name by which Universal Ctags knows the language, where it knows more of it than we do.
    let ctagsName: String?

    enum Structure: Sendable, Hashable {
        case braces(BraceSyntax)
        case indentation(IndentationSyntax)
        /// Keys and values by indentation (YAML).
        case keys
        case headings(HeadingStyle)
        /// No more than blank lines.
        case paragraphs
    }

    /// Documents are read in sections; all else is code.
    var isProse: Bool {
        if case .headings(let style) = structure { style != .brackets } else { false }
    }

    /// Nil where neither the name nor the extension is known.
    public init?(path: String) {
        let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[path.utf8.index(after: $0)...] } ?? path[...]
        if let language = Self.names[name.lowercased()] {
            self = language
            return
        }
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return nil }
        let suffix = name[name.utf8.index(after: dot)...]
        // `.C` and `.H` are C++ by custom, but nobody would miss them as C.
        guard let language = Self.extensions[suffix.lowercased()] else { return nil }
        self = language
    }

    init(_ name: String, _ structure: Structure, comment: String? = nil, ctagsName: String? = nil) {
        self.name = name
        self.structure = structure
        lineComment = comment
        self.ctagsName = ctagsName
    }

    /// Whether a line belongs to the declaration below it: a comment or an attribute.
    func leadsIn(_ lines: SourceLines, line: Int) -> Bool {
        let text = lines.trimmed(line)
        guard let first = text.first else { return false }
        if let lineComment, text.starts(with: lineComment.utf8) { return true }
        switch structure {
        case .braces:
            if first == UInt8(ascii: "@") || first == UInt8(ascii: "*") { return true }
            return ["/*", "#[", "[[", "template"].contains { text.starts(with: $0.utf8) }
                || text.suffix(2).elementsEqual("*/".utf8)
        case .indentation: return first == UInt8(ascii: "@")
        case .keys, .headings, .paragraphs: return false
        }
    }
}
