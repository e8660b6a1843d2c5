// SPDX-License-Identifier: Apache-2.0
//
// Normalizers that drop or exchange single characters, or add some at the front.

enum CharacterNormalizer {
    /// Drops combining marks, of text that is decomposed already.
    static func stripAccents(_ source: NormalizedText, _ range: Range<Int>, into output: inout NormalizedText) {
        map(source, range, into: &output) { ScalarProperties($0).isMark ? nil : $0 }
    }

    /// Drops control characters and turns white space of many kinds into spaces, as models of neural machine
    /// translation do.
    static func nmt(_ source: NormalizedText, _ range: Range<Int>, into output: inout NormalizedText) {
        map(source, range, into: &output) { scalar in
            switch scalar {
            case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: nil
            case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD: 0x20
            default: scalar
            }
        }
    }

    /// Drops white space at the ends.
    static func strip(
        _ source: NormalizedText, _ range: Range<Int>, left: Bool, right: Bool, into output: inout NormalizedText
    ) {
        let start = left ? source.bytes.endOfWhitespace(after: range.lowerBound, range.upperBound) : range.lowerBound
        let end = right ? source.bytes.startOfWhitespace(before: range.upperBound, start) : range.upperBound
        output.append(source, start..<end)
    }

    static func prepend(
        _ prefix: String, _ source: NormalizedText, _ range: Range<Int>, into output: inout NormalizedText
    ) {
        guard !range.isEmpty else { return }
        for scalar in prefix.unicodeScalars {
            output.append(scalar: scalar.value, origin: source.origins[range.lowerBound])
        }
        output.append(source, range)
    }

    /// Puts `content` in the place of each match.
    static func replace(
        _ expression: RegularExpression, with content: String, _ source: NormalizedText, _ range: Range<Int>,
        into output: inout NormalizedText
    ) {
        expression.forEachPart(source.bytes, range) { part, isMatch in
            guard isMatch else { return output.append(source, part) }
            for scalar in content.unicodeScalars {
                output.append(scalar: scalar.value, origin: source.origin(before: part.upperBound, range))
            }
        }
    }

    private static func map(
        _ source: NormalizedText, _ range: Range<Int>, into output: inout NormalizedText,
        _ body: (UInt32) -> UInt32?
    ) {
        output.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            let (scalar, length) = source.bytes.scalar(at: index)
            if let mapped = body(scalar) { output.append(scalar: mapped, origin: source.origins[index]) }
            index += length
        }
    }
}
