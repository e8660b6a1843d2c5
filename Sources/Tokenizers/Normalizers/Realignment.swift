// SPDX-License-Identifier: Apache-2.0
//
// Which part of the original the characters of a changed text stand for, in
// the way the reference counts.

/// Writes what a part of a text becomes, character by character.
struct Realignment {
    private let source: NormalizedText
    private let range: Range<Int>
    /// The first character of the source that nothing stands for yet.
    private var next: Int

    init(_ source: NormalizedText, _ range: Range<Int>) {
        self.source = source
        self.range = range
        next = range.lowerBound
    }

    /// - Parameter change: 0 where the scalar stands for the next one of the source, above 0 where it is added, and
    ///   `-n` where the `n` scalars after the next one have nothing of their own.
    mutating func append(_ scalar: UInt32, change: Int, to output: inout NormalizedText) {
        guard source.tracksOrigins else { return output.append(scalar: scalar, origin: .init(start: 0, end: 0)) }
        let origin = change > 0 ? source.origin(before: next, range) : source.origin(at: next, range)
        output.append(scalar: scalar, origin: origin)
        guard change <= 0 else { return }
        for _ in 0..<1 - change where next < range.upperBound { next += source.bytes.scalar(at: next).length }
    }
}

extension NormalizedText {
    fileprivate func origin(at index: Int, _ range: Range<Int>) -> Origin {
        origins[min(index, range.upperBound - 1)]
    }

    /// The origin of what is inserted at `index`: that of the character before, and nothing at the beginning.
    func origin(before index: Int, _ range: Range<Int>) -> Origin {
        if index > range.lowerBound { return origins[index - 1] }
        guard !range.isEmpty else { return Origin(start: 0, end: 0) }
        let start = origins[range.lowerBound].start
        return Origin(start: start, end: start)
    }
}
