// SPDX-License-Identifier: Apache-2.0
//
// A text as bytes and lines. Lines count from 0 and end at a line feed.

struct SourceLines {
    let bytes: [UInt8]
    /// Where each line starts, and one more: where the next would.
    let starts: [Int]
    /// Where each line's text starts; for blank lines, their end.
    let textStarts: [Int]
    /// Columns of white space before each line's text; negative for blank lines. A tab goes to a multiple of four.
    let indents: [Int32]

    init(_ text: String) {
        bytes = Array(text.utf8)
        var starts = [0]
        var textStarts: [Int] = []
        var indents: [Int32] = []
        starts.reserveCapacity(bytes.count / 32)
        bytes.withUnsafeBufferPointer { bytes in
            var indent: Int32 = 0
            var isBlank = true
            for (index, byte) in bytes.enumerated() {
                if byte == UInt8(ascii: "\n") {
                    if isBlank { textStarts.append(index) }
                    indents.append(isBlank ? -1 : indent)
                    starts.append(index + 1)
                    indent = 0
                    isBlank = true
                } else if isBlank {
                    switch byte {
                    case UInt8(ascii: " "): indent += 1
                    case UInt8(ascii: "\t"): indent = (indent / 4 + 1) * 4
                    case UInt8(ascii: "\r"), 0x0C, 0x0B: break
                    default:
                        isBlank = false
                        textStarts.append(index)
                    }
                }
            }
            if starts.last != bytes.count {
                if isBlank { textStarts.append(bytes.count) }
                indents.append(isBlank ? -1 : indent)
                starts.append(bytes.count)
            }
        }
        self.starts = starts
        self.textStarts = textStarts
        self.indents = indents
    }

    var count: Int { indents.count }

    func isBlank(_ line: Int) -> Bool { indents[line] < 0 }

    /// A line's bytes without its end.
    func content(_ line: Int) -> ArraySlice<UInt8> {
        var end = starts[line + 1]
        if end > starts[line], bytes[end - 1] == UInt8(ascii: "\n") { end -= 1 }
        return bytes[starts[line]..<end]
    }

    /// A line's bytes without white space around.
    func trimmed(_ line: Int) -> ArraySlice<UInt8> {
        var content = content(line)
        while let last = content.last, last <= 0x20 { content.removeLast() }
        while let first = content.first, first <= 0x20 { content.removeFirst() }
        return content
    }

    /// The bytes of a range of lines, without the end of the last.
    func byteCount(_ lines: ClosedRange<Int>) -> Int {
        content(lines.upperBound).endIndex - starts[lines.lowerBound]
    }

    func text(_ lines: ClosedRange<Int>) -> String {
        String(decoding: bytes[starts[lines.lowerBound]..<content(lines.upperBound).endIndex], as: UTF8.self)
    }

    /// The range without blank lines at its ends; nil where all are blank.
    func withoutBlankEnds(_ lines: ClosedRange<Int>) -> ClosedRange<Int>? {
        guard let first = lines.first(where: { !isBlank($0) }), let last = lines.last(where: { !isBlank($0) }) else {
            return nil
        }
        return first...last
    }
}
