// SPDX-License-Identifier: Apache-2.0
//
// White space at the ends of tokens, which some post-processors take out of
// the offsets.

/// The count of white-space scalars at the ends of a token's text. `Ġ` counts, which is how byte-level models write a
/// space.
struct OffsetMargins: Sendable, Equatable {
    private(set) var leading = 0
    private(set) var trailing = 0

    init(of token: ArraySlice<UInt8>) {
        let token = Array(token)
        var index = 0
        while index < token.count, case let (scalar, length) = token.scalar(at: index), Self.isSpace(scalar) {
            leading += 1
            index += length
        }
        index = token.count
        while index > 0, case let (scalar, length) = token.scalar(before: index), Self.isSpace(scalar) {
            trailing += 1
            index -= length
        }
    }

    private static func isSpace(_ scalar: UInt32) -> Bool {
        scalar == 0x0120 || ScalarProperties(scalar).isWhitespace
    }

    /// - Parameter keepsOneLeadingSpace: for a token that begins its text, whether one space was added before it.
    func trimming(_ offsets: Range<Int>, keepsOneLeadingSpace: Bool) -> Range<Int> {
        var start = offsets.lowerBound
        var end = offsets.upperBound
        if leading > 0, !(keepsOneLeadingSpace && leading == 1) { start = min(start + leading, end) }
        if trailing > 0, end >= trailing { end = max(end - trailing, start) }
        return start..<end
    }
}
