// SPDX-License-Identifier: Apache-2.0
//
// A parsed regular expression.

indirect enum RegexNode: Sendable {
    /// How a repetition gives way to what follows it.
    enum Greed: Sendable {
        case greedy
        case lazy
        /// Never gives back what it took.
        case possessive
    }

    enum Assertion: Sendable {
        case startOfLine
        case endOfLine
        case startOfText
        case endOfText
        /// Between a word's scalar and another one, or the end of the text.
        case wordBoundary
        case noWordBoundary
    }

    case set(ScalarSet)
    case sequence([RegexNode])
    case alternation([RegexNode])
    /// `maximum` is `Int.max` where there is none.
    case repetition(RegexNode, minimum: Int, maximum: Int, Greed)
    case atomic(RegexNode)
    case lookahead(RegexNode, isNegated: Bool)
    /// What it matches is `length` scalars long.
    case lookbehind(RegexNode, isNegated: Bool, length: Int)
    case assertion(Assertion)

    /// Whether it can match without taking a scalar.
    var matchesEmpty: Bool {
        switch self {
        case .set: false
        case .sequence(let nodes): nodes.allSatisfy(\.matchesEmpty)
        case .alternation(let nodes): nodes.contains(where: \.matchesEmpty)
        case .repetition(let node, let minimum, _, _): minimum == 0 || node.matchesEmpty
        case .atomic(let node): node.matchesEmpty
        case .lookahead, .lookbehind, .assertion: true
        }
    }

    /// How many scalars every match has; nil where they differ, or are more than a pattern can mean.
    var length: Int? {
        switch self {
        case .set: return 1
        case .sequence(let nodes):
            var sum = 0
            for node in nodes {
                guard let length = node.length, sum + length <= Self.maximumLength else { return nil }
                sum += length
            }
            return sum
        case .alternation(let nodes):
            let lengths = Set(nodes.map(\.length))
            return lengths.count == 1 ? nodes[0].length : nil
        case .repetition(let node, let minimum, let maximum, _):
            guard minimum == maximum, let length = node.length, minimum * length <= Self.maximumLength else {
                return nil
            }
            return minimum * length
        case .atomic(let node): return node.length
        case .lookahead, .lookbehind, .assertion: return 0
        }
    }

    private static let maximumLength = 1000

    /// What a match can begin with; for one that can be empty, what the part that is not can begin with.
    var first: FirstScalars {
        switch self {
        case .set(let set):
            return FirstScalars(ascii: set.ascii, hasNonASCII: set.mayContainNonASCII)
        case .sequence(let nodes):
            var first = FirstScalars()
            for node in nodes {
                first.formUnion(node.first)
                if !node.matchesEmpty { break }
            }
            return first
        case .alternation(let nodes):
            var first = FirstScalars()
            for node in nodes { first.formUnion(node.first) }
            return first
        case .repetition(let node, _, _, _):
            return node.first
        case .atomic(let node):
            return node.first
        case .lookahead, .lookbehind, .assertion:
            return FirstScalars()
        }
    }
}

/// Which scalars a match can begin with, or more of them.
struct FirstScalars: Sendable {
    var ascii: (low: UInt64, high: UInt64) = (0, 0)
    var hasNonASCII = false

    static let any = FirstScalars(ascii: (.max, .max), hasNonASCII: true)

    mutating func formUnion(_ other: FirstScalars) {
        ascii.low |= other.ascii.low
        ascii.high |= other.ascii.high
        hasNonASCII = hasNonASCII || other.hasNonASCII
    }
}
