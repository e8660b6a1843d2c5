// SPDX-License-Identifier: Apache-2.0
//
// A regular expression as instructions for the matcher.

struct RegexProgram: Sendable {
    enum Instruction: Sendable {
        /// Takes one scalar of a set.
        case set(Int)
        /// Takes scalars of a set, as many as `greed` says.
        case repetition(set: Int, minimum: Int, maximum: Int, RegexNode.Greed)
        /// Goes on at one of several places, tried in order.
        case branch(Int)
        /// Matches what follows up to `succeed` apart, and goes on at `end` with no way back into it.
        case lookahead(isNegated: Bool, end: Int)
        /// The same for what begins a count of scalars earlier.
        case lookbehind(isNegated: Bool, length: Int, end: Int)
        case atomic(end: Int)
        case assertion(RegexNode.Assertion)
        case jump(Int)
        case succeed
    }

    /// Places to go on at, at most 64.
    struct Branch: Sendable {
        var targets: [Int] = []
        /// For each ASCII character, for all others and for the end of the text: a bit for each target that can match.
        var masks = [UInt64](repeating: 0, count: 130)

        static let nonASCII = 128
        static let end = 129

        init(_ branches: [(target: Int, first: FirstScalars, matchesEmpty: Bool)]) {
            for (index, branch) in branches.enumerated() {
                targets.append(branch.target)
                let first = branch.matchesEmpty ? .any : branch.first
                let bit: UInt64 = 1 << UInt64(index)
                for byte in 0..<128 {
                    let bits = byte < 64 ? first.ascii.low : first.ascii.high
                    if bits >> UInt64(byte & 63) & 1 != 0 { masks[byte] |= bit }
                }
                if first.hasNonASCII { masks[Self.nonASCII] |= bit }
                if branch.matchesEmpty { masks[Self.end] |= bit }
            }
        }
    }

    private(set) var instructions: [Instruction] = []
    private(set) var sets: [ScalarSet] = []
    private(set) var branches: [Branch] = []
    /// What a match can begin with.
    let start: Branch

    private static let maximumCount = 10_000

    /// - Parameter pattern: what `node` was written as, for errors.
    init(_ pattern: String, _ node: RegexNode) throws(TokenizerError) {
        start = Branch([(0, node.first, node.matchesEmpty)])
        guard emit(node) else {
            throw .malformed("the regular expression '\(pattern)' is too large")
        }
        instructions.append(.succeed)
    }

    /// - Returns: whether the program is small enough.
    private mutating func emit(_ node: RegexNode) -> Bool {
        guard instructions.count < Self.maximumCount else { return false }
        switch node {
        case .set(let set):
            instructions.append(.set(index(of: set)))
        case .sequence(let nodes):
            for node in nodes { guard emit(node) else { return false } }
        case .alternation(let nodes):
            return emit(alternation: nodes)
        case .repetition(.set(let set), let minimum, let maximum, let greed):
            instructions.append(.repetition(set: index(of: set), minimum: minimum, maximum: maximum, greed))
        case .repetition(let node, let minimum, let maximum, .possessive):
            return emit(.atomic(.repetition(node, minimum: minimum, maximum: maximum, .greedy)))
        case .repetition(let node, let minimum, let maximum, let greed):
            return emit(node, minimum: minimum, maximum: maximum, isLazy: greed == .lazy)
        case .atomic(let node):
            return emit(apart: node) { .atomic(end: $0) }
        case .lookahead(let node, let isNegated):
            return emit(apart: node) { .lookahead(isNegated: isNegated, end: $0) }
        case .lookbehind(let node, let isNegated, let length):
            return emit(apart: node) { .lookbehind(isNegated: isNegated, length: length, end: $0) }
        case .assertion(let assertion):
            instructions.append(.assertion(assertion))
        }
        return true
    }

    private mutating func emit(apart node: RegexNode, _ instruction: (Int) -> Instruction) -> Bool {
        let place = instructions.count
        instructions.append(.succeed)
        guard emit(node) else { return false }
        instructions.append(.succeed)
        instructions[place] = instruction(instructions.count)
        return true
    }

    private mutating func emit(alternation nodes: [RegexNode]) -> Bool {
        guard nodes.count <= 64 else { return false }
        let place = instructions.count
        instructions.append(.succeed)
        var list: [(target: Int, first: FirstScalars, matchesEmpty: Bool)] = []
        var jumps: [Int] = []
        for node in nodes {
            list.append((instructions.count, node.first, node.matchesEmpty))
            guard emit(node) else { return false }
            jumps.append(instructions.count)
            instructions.append(.succeed)
        }
        for jump in jumps { instructions[jump] = .jump(instructions.count) }
        instructions[place] = branch(list)
        return true
    }

    private mutating func emit(_ node: RegexNode, minimum: Int, maximum: Int, isLazy: Bool) -> Bool {
        for _ in 0..<minimum { guard emit(node) else { return false } }
        // Each optional copy is behind a branch that can leave.
        var leaving: [Int] = []
        for _ in minimum..<(maximum == .max ? minimum + 1 : maximum) {
            leaving.append(instructions.count)
            instructions.append(.succeed)
            guard emit(node) else { return false }
        }
        if maximum == .max { instructions.append(.jump(leaving[0])) }
        for place in leaving {
            let inside = (target: place + 1, first: node.first, matchesEmpty: node.matchesEmpty)
            let outside = (target: instructions.count, first: FirstScalars.any, matchesEmpty: true)
            instructions[place] = branch(isLazy ? [outside, inside] : [inside, outside])
        }
        return true
    }

    private mutating func branch(_ list: [(target: Int, first: FirstScalars, matchesEmpty: Bool)]) -> Instruction {
        branches.append(Branch(list))
        return .branch(branches.count - 1)
    }

    private mutating func index(of set: ScalarSet) -> Int {
        sets.append(set)
        return sets.count - 1
    }
}
