// SPDX-License-Identifier: Apache-2.0
//
// What becomes of the delimiters that a text is split at.

enum SplitBehavior: String, Sendable, CaseIterable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    /// Adjacent delimiters are one piece.
    case contiguous = "Contiguous"
}

/// Makes pieces of the parts of a text, which are delimiters or lie between such.
struct PieceBuilder {
    private(set) var pieces: [Range<Int>] = []
    private let behavior: SplitBehavior
    /// The last part or parts, which may still grow.
    private var open: Range<Int>?
    private var wasDelimiter = false

    init(_ behavior: SplitBehavior) {
        self.behavior = behavior
    }

    mutating func append(_ part: Range<Int>, isDelimiter: Bool) {
        let isMerged =
            switch behavior {
            case .removed, .isolated: false
            case .contiguous: isDelimiter == wasDelimiter
            case .mergedWithPrevious: isDelimiter && !wasDelimiter
            case .mergedWithNext: !isDelimiter && wasDelimiter
            }
        if isMerged, let start = open?.lowerBound {
            open = start..<part.upperBound
        } else {
            close()
            if !(isDelimiter && behavior == .removed) { open = part }
        }
        wasDelimiter = isDelimiter
    }

    /// Ends the text: what follows is another one.
    mutating func finish() {
        close()
        wasDelimiter = false
    }

    private mutating func close() {
        if let open, !open.isEmpty { pieces.append(open) }
        open = nil
    }
}
