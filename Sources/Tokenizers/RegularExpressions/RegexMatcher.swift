// SPDX-License-Identifier: Apache-2.0
//
// Runs the instructions of a regular expression, with a stack of choices to go
// back to. It counts its steps, and gives up when there are too many.

struct RegexMatcher {
    /// A place to go back to.
    private enum Choice {
        case branch(Int, UInt64)
        /// Gives back the last scalar, down to `least`.
        case shrink(next: Int, least: Int)
        /// Takes one more scalar.
        case grow(next: Int, set: Int, left: Int)
    }

    private let program: RegexProgram
    private let bytes: UnsafeBufferPointer<UInt8>
    private let range: Range<Int>
    private var choices: [(choice: Choice, position: Int)] = []
    private var steps: Int

    private static let stepsPerByte = 200

    init(_ program: RegexProgram, _ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
        self.program = program
        self.bytes = bytes
        self.range = range
        steps = 100_000 + range.count * Self.stepsPerByte
    }

    mutating func firstMatch(from start: Int) -> Range<Int>? {
        var position = start
        while steps > 0 {
            if program.start.masks[first(at: position)] != 0 {
                choices.removeAll(keepingCapacity: true)
                if let end = match(0, position) { return position..<end }
            }
            guard position < range.upperBound else { return nil }
            position += UTF8Scalar.length(bytes[position])
        }
        return nil
    }

    /// The index into a branch's masks.
    private func first(at position: Int) -> Int {
        guard position < range.upperBound else { return RegexProgram.Branch.end }
        let byte = bytes[position]
        return byte < 0x80 ? Int(byte) : RegexProgram.Branch.nonASCII
    }

    /// Runs from an instruction to `succeed`, and returns where the match ends.
    private mutating func match(_ start: Int, _ startPosition: Int) -> Int? {
        let bottom = choices.count
        var next = start
        var position = startPosition
        while true {
            steps -= 1
            if steps <= 0 { return nil }
            var fails = false
            switch program.instructions[next] {
            case .set(let set):
                if let length = length(of: set, position) { position += length } else { fails = true }
                next += 1
            case .repetition(let set, let minimum, let maximum, let greed):
                next += 1
                fails = !take(set, minimum, maximum, greed, next, &position)
            case .branch(let index):
                let mask = program.branches[index].masks[first(at: position)]
                if mask == 0 { fails = true } else { choose(index, mask, position, &next) }
            case .lookahead(let isNegated, let end):
                fails = (match(next + 1, position) == nil) != isNegated
                next = end
            case .lookbehind(let isNegated, let length, let end):
                let matches = self.start(of: length, before: position).map { match(next + 1, $0) != nil } ?? false
                fails = matches == isNegated
                next = end
            case .atomic(let end):
                if let matched = match(next + 1, position) { position = matched } else { fails = true }
                next = end
            case .assertion(let assertion):
                fails = !holds(assertion, position)
                next += 1
            case .jump(let target):
                next = target
            case .succeed:
                choices.removeLast(choices.count - bottom)
                return position
            }
            if fails {
                guard backtrack(bottom, &next, &position) else { return nil }
            }
        }
    }

    private mutating func choose(_ index: Int, _ mask: UInt64, _ position: Int, _ next: inout Int) {
        let rest = mask & (mask - 1)
        if rest != 0 { choices.append((.branch(index, rest), position)) }
        next = program.branches[index].targets[mask.trailingZeroBitCount]
    }

    private mutating func take(
        _ set: Int, _ minimum: Int, _ maximum: Int, _ greed: RegexNode.Greed, _ next: Int, _ position: inout Int
    ) -> Bool {
        var count = 0
        while count < minimum {
            guard let length = length(of: set, position) else { return false }
            position += length
            count += 1
        }
        if greed == .lazy {
            if count < maximum {
                choices.append((.grow(next: next, set: set, left: maximum - count), position))
            }
            return true
        }
        let least = position
        while count < maximum, let length = length(of: set, position) {
            position += length
            count += 1
        }
        steps -= position - least
        if greed == .greedy, least < position { choices.append((.shrink(next: next, least: least), position)) }
        return true
    }

    /// Goes back to the last choice; false where there is none above `bottom`.
    private mutating func backtrack(_ bottom: Int, _ next: inout Int, _ position: inout Int) -> Bool {
        while choices.count > bottom {
            let top = choices.removeLast()
            position = top.position
            switch top.choice {
            case .branch(let index, let mask):
                choose(index, mask, position, &next)
                return true
            case .shrink(let target, let least):
                position -= 1
                while bytes[position] & 0xC0 == 0x80 { position -= 1 }
                if position > least { choices.append((.shrink(next: target, least: least), position)) }
                next = target
                return true
            case .grow(let target, let set, let left):
                guard let length = length(of: set, position) else { continue }
                position += length
                if left > 1 { choices.append((.grow(next: target, set: set, left: left &- 1), position)) }
                next = target
                return true
            }
        }
        return false
    }

    /// The length of the scalar at a position, if the set contains it.
    private func length(of set: Int, _ position: Int) -> Int? {
        guard position < range.upperBound else { return nil }
        let byte = bytes[position]
        if byte < 0x80 { return program.sets[set].contains(ascii: byte) ? 1 : nil }
        let (scalar, length) = UTF8Scalar.decode(bytes, position)
        return program.sets[set].contains(scalar) ? length : nil
    }

    /// The position a count of scalars earlier; nil where there are not as many.
    private mutating func start(of length: Int, before position: Int) -> Int? {
        var start = position
        for _ in 0..<length {
            guard start > range.lowerBound else { return nil }
            start -= 1
            while bytes[start] & 0xC0 == 0x80 { start -= 1 }
        }
        steps -= length
        return start
    }

    private func holds(_ assertion: RegexNode.Assertion, _ position: Int) -> Bool {
        switch assertion {
        case .startOfText: position == range.lowerBound
        case .endOfText: position == range.upperBound
        case .startOfLine:
            position == range.lowerBound || (position < range.upperBound && bytes[position - 1] == 0x0A)
        case .endOfLine: position == range.upperBound || bytes[position] == 0x0A
        case .wordBoundary: isWord(before: position) != isWord(at: position)
        case .noWordBoundary: isWord(before: position) == isWord(at: position)
        }
    }

    private func isWord(at position: Int) -> Bool {
        position < range.upperBound && ScalarProperties(UTF8Scalar.decode(bytes, position).0).isRegexWord
    }

    private func isWord(before position: Int) -> Bool {
        guard position > range.lowerBound else { return false }
        var start = position - 1
        while bytes[start] & 0xC0 == 0x80 { start -= 1 }
        return isWord(at: start)
    }
}
