// SPDX-License-Identifier: Apache-2.0
//
// A piece of a file that is embedded and found as one, and how large it may be.

public struct Chunk: Sendable, Hashable {
    /// The lines' bytes without the last line's end. Of a line too long for one chunk, a part.
    public let text: String
    /// Lines of the file, from 1.
    public let lines: ClosedRange<Int>
    /// Nil where the file's name does not tell.
    public let language: String?
    /// Where in the file's structure this is: `Uploader.retry`, or `Installation > macOS` in a document.
    /// Where a chunk holds several small symbols it is what encloses them all.
    public let symbol: String?

    public init(text: String, lines: ClosedRange<Int>, language: String?, symbol: String?) {
        self.text = text
        self.lines = lines
        self.language = language
        self.symbol = symbol
    }
}

/// How long chunks are, in bytes of UTF-8.
public struct ChunkLimits: Sendable, Hashable {
    /// Small neighbours are put together, and long units cut, up to here.
    public let targetBytes: Int
    /// No chunk is longer. What has a structure of its own and fits is not cut.
    public let maximumBytes: Int

    /// - Parameters:
    ///   - targetBytes: at least 64.
    ///   - maximumBytes: at least the target.
    public init(targetBytes: Int, maximumBytes: Int) {
        self.targetBytes = max(targetBytes, 64)
        self.maximumBytes = max(maximumBytes, self.targetBytes)
    }

    /// For a model that sees so many tokens at a time. Code has about 3.5 bytes to a WordPiece token, prose about
    /// 4.7: dense code at the target and prose at the maximum still fit.
    public init(windowTokens: Int = 256) {
        self.init(targetBytes: windowTokens * 7 / 2, maximumBytes: windowTokens * 47 / 10)
    }

    /// Units below this are small.
    var smallBytes: Int { targetBytes / 3 }
    /// Too little for a chunk of its own where there is a neighbour.
    var tinyBytes: Int { targetBytes / 9 }
    /// What the parts of a unit that is cut have in common with the part before.
    var overlapBytes: Int { targetBytes / 8 }
}
