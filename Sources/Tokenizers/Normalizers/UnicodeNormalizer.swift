// SPDX-License-Identifier: Apache-2.0
//
// Unicode's four normal forms (Unicode Standard Annex #15).

struct UnicodeNormalizer: Sendable {
    let composes: Bool
    /// Whether characters are also replaced by those that only look different, as in NFKC and NFKD.
    let isCompatible: Bool

    static let nfc = UnicodeNormalizer(composes: true, isCompatible: false)
    static let nfd = UnicodeNormalizer(composes: false, isCompatible: false)
    static let nfkc = UnicodeNormalizer(composes: true, isCompatible: true)
    static let nfkd = UnicodeNormalizer(composes: false, isCompatible: true)

    private struct Part {
        var scalar: UInt32
        var rank: UInt8
        /// As `Realignment` takes it.
        var change: Int
    }

    func normalize(_ source: NormalizedText, _ range: Range<Int>, into output: inout NormalizedText) {
        output.reserveCapacity(range.count + 16)
        // Most text is in its normal form; only what is not, with the character before it, is taken apart.
        var copied = range.lowerBound
        var previous = range.lowerBound
        var index = range.lowerBound
        while index < range.upperBound {
            let length = stableLength(source.bytes, index)
            if length > 0 {
                previous = index
                index += length
                continue
            }
            let start = composes ? max(copied, previous) : index
            var end = index
            while end < range.upperBound, stableLength(source.bytes, end) == 0 {
                end += source.bytes.scalar(at: end).length
            }
            output.append(source, copied..<start)
            rewrite(source, start..<end, into: &output)
            copied = end
            previous = end
            index = end
        }
        output.append(source, copied..<range.upperBound)
    }

    /// The length of the scalar at `index`, or 0 where it may change or depend on others.
    private func stableLength(_ bytes: [UInt8], _ index: Int) -> Int {
        if bytes[index] < 0x80 { return 1 }
        let (scalar, length) = bytes.scalar(at: index)
        let properties = ScalarProperties(scalar)
        let isUnstable =
            if composes {
                isCompatible ? properties.isCompatiblyUnstable : properties.isUnstable
            } else {
                properties.combiningRank > 0 || properties.hasDecomposition
                    || (isCompatible && properties.hasCompatibilityDecomposition)
            }
        return isUnstable ? 0 : length
    }

    private func rewrite(_ source: NormalizedText, _ range: Range<Int>, into output: inout NormalizedText) {
        var parts: [Part] = []
        var index = range.lowerBound
        while index < range.upperBound {
            let (scalar, length) = source.bytes.scalar(at: index)
            let properties = ScalarProperties(scalar)
            var change = 0
            let append = { (part: UInt32) in
                parts.append(Part(scalar: part, rank: ScalarProperties(part).combiningRank, change: change))
                change = 1
            }
            if isCompatible {
                CompatibilityDecomposition.forEachScalar(of: scalar, properties, append)
            } else if properties.hasDecomposition {
                CanonicalDecomposition.forEachScalar(of: scalar, append)
            } else {
                append(scalar)
            }
            index += length
        }
        Self.sortMarks(&parts)
        if composes { Self.compose(&parts) }
        var realignment = Realignment(source, range)
        for part in parts { realignment.append(part.scalar, change: part.change, to: &output) }
    }

    /// Brings the marks after each starter into canonical order.
    private static func sortMarks(_ parts: inout [Part]) {
        var start = 0
        while start < parts.count {
            guard parts[start].rank > 0 else {
                start += 1
                continue
            }
            let end = parts[start...].firstIndex { $0.rank == 0 } ?? parts.count
            if end - start > 1 {
                let sorted = parts[start..<end].enumerated().sorted {
                    ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset)
                }
                parts.replaceSubrange(start..<end, with: sorted.map(\.element))
            }
            start = end
        }
    }

    private static func compose(_ parts: inout [Part]) {
        var output: [Part] = []
        /// The index in `output` of the last starter.
        var starter: Int?
        /// The rank of the last mark that stayed behind the starter.
        var lastRank: UInt8?
        for part in parts {
            if let starter, lastRank.map({ $0 < part.rank }) ?? true,
                let composed = CanonicalComposition.compose(output[starter].scalar, part.scalar)
            {
                output[starter].scalar = composed
                output[starter].change += part.change - 1
                continue
            }
            if part.rank == 0 {
                starter = output.count
                lastRank = nil
            } else if starter != nil {
                lastRank = part.rank
            }
            output.append(part)
        }
        parts = output
    }
}
