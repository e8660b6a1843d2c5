// SPDX-License-Identifier: Apache-2.0
//
// BERT's cleaning of text: control characters, white space, ideographs,
// accents and case, in one pass.

struct BertNormalizer: Sendable {
    /// Removes control characters and turns white space into spaces.
    let cleansText: Bool
    /// Puts spaces around each ideograph.
    let separatesIdeographs: Bool
    /// Decomposes (NFD) and drops nonspacing marks.
    let stripsAccents: Bool
    let lowercases: Bool

    /// What each ASCII character becomes, or `removed`.
    private let ascii: [UInt8]
    private static let removed: UInt8 = 0xFF

    /// - Parameter stripsAccents: nil to do as `lowercases` does.
    init(cleansText: Bool, separatesIdeographs: Bool, stripsAccents: Bool?, lowercases: Bool) {
        self.cleansText = cleansText
        self.separatesIdeographs = separatesIdeographs
        self.stripsAccents = stripsAccents ?? lowercases
        self.lowercases = lowercases
        ascii = (UInt8(0)..<0x80).map { byte in
            let properties = ScalarProperties(UInt32(byte))
            if cleansText, properties.isRemovedByCleaning { return Self.removed }
            if cleansText, properties.isWhitespace { return UInt8(ascii: " ") }
            return lowercases ? Lowercase.ascii(byte) : byte
        }
    }

    func normalize(_ source: NormalizedText, _ range: Range<Int>, into output: inout NormalizedText) {
        output.reserveCapacity(range.count + 16)
        var decomposer = CanonicalDecomposer()
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = source.bytes[index]
            if byte < 0x80 {
                let mapped = ascii[Int(byte)]
                if mapped != Self.removed {
                    if decomposer.holdsMarks { decomposer.flush { finish($0, $1, $2, into: &output) } }
                    output.append(ascii: mapped, origin: source.origins[index])
                }
                index += 1
            } else {
                let (scalar, length) = source.bytes.scalar(at: index)
                let origin = source.tracksOrigins ? source.origins[index] : .init(start: 0, end: 0)
                normalize(scalar, origin, &decomposer, into: &output)
                index += length
            }
        }
        decomposer.flush { finish($0, $1, $2, into: &output) }
    }

    private func normalize(
        _ scalar: UInt32, _ origin: NormalizedText.Origin, _ decomposer: inout CanonicalDecomposer,
        into output: inout NormalizedText
    ) {
        let properties = ScalarProperties(scalar)
        if cleansText {
            if properties.isRemovedByCleaning { return }
            if properties.isWhitespace {
                decomposer.flush { finish($0, $1, $2, into: &output) }
                return output.append(ascii: UInt8(ascii: " "), origin: origin)
            }
        }
        let isSeparated = separatesIdeographs && properties.isIdeograph
        if isSeparated {
            decomposer.flush { finish($0, $1, $2, into: &output) }
            output.append(ascii: UInt8(ascii: " "), origin: origin)
        }
        if stripsAccents {
            decomposer.append(scalar, properties, origin: origin) { finish($0, $1, $2, into: &output) }
        } else {
            finish(scalar, properties, origin, into: &output)
        }
        if isSeparated { output.append(ascii: UInt8(ascii: " "), origin: origin) }
    }

    /// The steps after decomposition.
    private func finish(
        _ scalar: UInt32, _ properties: ScalarProperties, _ origin: NormalizedText.Origin,
        into output: inout NormalizedText
    ) {
        if stripsAccents, properties.isNonspacingMark { return }
        if lowercases {
            Lowercase.forEachScalar(of: scalar, properties) { output.append(scalar: $0, origin: origin) }
        } else {
            output.append(scalar: scalar, origin: origin)
        }
    }
}
