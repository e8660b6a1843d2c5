// SPDX-License-Identifier: Apache-2.0
//
// Text in, chunks out: finds the structure of a file and cuts along it.

/// Cuts files into chunks by their structure: functions, types, sections, paragraphs.
///
/// A pure function of text, path, limits and whether there is ctags. Every line that is not blank is in at least one chunk, chunks are in
/// order, and only the parts of a unit that is too long for one chunk overlap.
public struct Chunker: Sendable {
    public let limits: ChunkLimits
    private let ctags: Ctags?

    /// - Parameter ctags: finds the structure of further languages, which otherwise are cut at blank lines.
    public init(limits: ChunkLimits = ChunkLimits(), ctags: Ctags? = nil) {
        self.limits = limits
        self.ctags = ctags
    }

    /// - Parameter path: tells the language by its name; it is not opened.
    public func chunks(of text: String, path: String) -> [Chunk] {
        let lines = SourceLines(text)
        let language = Language(path: path)
        let blocks: [Block]
        switch language?.structure {
        case .braces(let syntax): blocks = BraceOutline.blocks(of: lines, syntax: syntax)
        case .indentation(let syntax): blocks = IndentationOutline.blocks(of: lines, syntax: syntax)
        case .keys: blocks = KeyOutline.blocks(of: lines)
        case .headings(let style): blocks = HeadingOutline.blocks(of: lines, style: style)
        case .paragraphs, nil: blocks = language.flatMap { ctags?.blocks(of: lines, language: $0) } ?? []
        }
        var assembly = ChunkAssembly(lines: lines, limits: limits, language: language)
        assembly.add(blocks)
        return assembly.chunks
    }
}

/// A part of a file with a structure of its own. Lines count from 0.
struct Block: Equatable {
    /// What is deeper is part of what surrounds it, so that no file can exhaust the stack.
    static let maximumDepth = 64

    var name: String?
    /// The line that declares it; comments and attributes before it belong to it, but are not in here.
    var start: Int
    /// Its last line.
    var end: Int
    var children: [Block] = []
}
