// SPDX-License-Identifier: Apache-2.0
//
// What is asked of an index.

public struct SearchQuery: Sendable {
    public enum Mode: String, Sendable, CaseIterable {
        /// Words and vectors, fused.
        case hybrid
        case semantic
        case lexical
    }

    public var text: String
    public var mode: Mode
    /// Results, at most.
    public var count: Int
    public var filter: SearchFilter
    /// The text's vector; without one, words alone are searched.
    public var vector: QueryVector?

    public init(
        _ text: String, mode: Mode = .hybrid, count: Int = 10, filter: SearchFilter = SearchFilter(),
        vector: QueryVector? = nil
    ) {
        self.text = text
        self.mode = mode
        self.count = count
        self.filter = filter
        self.vector = vector
    }
}

/// A vector and the space it is of.
public struct QueryVector: Sendable {
    public let space: String
    public let values: [Float]

    public init(space: String, values: [Float]) {
        self.space = space
        self.values = values
    }
}

/// Which files are searched; all conditions hold, and of a list's one.
public struct SearchFilter: Sendable, Hashable {
    /// A file or folder, relative to the root.
    public var path: String?
    /// `*`, `?` and `[…]` as in a shell, but that `*` matches `/`, too. Without a `/`, names in any folder match.
    public var globs: [String]
    /// Languages as the index names them.
    public var languages: [String]

    public init(path: String? = nil, globs: [String] = [], languages: [String] = []) {
        self.path = path
        self.globs = globs
        self.languages = languages
    }

    var isEmpty: Bool { self == SearchFilter() }
}
