// SPDX-License-Identifier: Apache-2.0
//
// What users perceive as one character (Unicode Standard Annex #29). Flags are
// not kept together: their halves are too long for any use of the clusters here.

struct GraphemeClusters {
    private let bytes: [UInt8]
    private let end: Int
    private var position: Int

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    mutating func next() -> Range<Int>? {
        guard position < end else { return nil }
        let start = position
        // ASCII is most often by itself.
        if bytes[start] < 0x80, bytes[start] != 0x0D, start + 1 == end || bytes[start + 1] < 0x80 {
            position += 1
            return start..<position
        }
        var state = State()
        while position < end {
            let (scalar, length) = bytes.scalar(at: position)
            let next = ScalarProperties(scalar).clusterClass
            if position > start, state.breaks(before: next) { break }
            state.append(next)
            position += length
        }
        return start..<position
    }

    private struct State {
        private var last = ClusterClass.other
        /// Whether the cluster ends with a pictograph and what may follow it.
        private var hasPictograph = false
        private var joinsPictograph = false
        /// Whether it ends with a consonant and marks, and with a virama among these.
        private var hasConsonant = false
        private var hasLinker = false

        func breaks(before next: ClusterClass) -> Bool {
            switch (last, next) {
            case (.cr, .lf): false
            case (.control, _), (.cr, _), (.lf, _), (_, .control), (_, .cr), (_, .lf): true
            case (.l, .l), (.l, .v), (.l, .lv), (.l, .lvt): false
            case (.lv, .v), (.lv, .t), (.v, .v), (.v, .t), (.lvt, .t), (.t, .t): false
            case (_, .extend), (_, .extender), (_, .linker), (_, .zwj), (.prepend, _): false
            case (_, .consonant): !(hasConsonant && hasLinker)
            case (.zwj, .pictograph): !joinsPictograph
            default: true
            }
        }

        mutating func append(_ next: ClusterClass) {
            joinsPictograph = next == .zwj && hasPictograph
            let isMark = next == .extender || next == .linker || next == .zwj
            hasPictograph = next == .pictograph || (hasPictograph && (next == .extender || next == .linker))
            hasConsonant = next == .consonant || (hasConsonant && isMark)
            hasLinker = next != .consonant && hasConsonant && (hasLinker || next == .linker)
            last = next
        }
    }
}
