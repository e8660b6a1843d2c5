// SPDX-License-Identifier: Apache-2.0
//
// Lower case of each scalar by itself.

enum LowercaseNormalizer {
    static func normalize(_ source: NormalizedText, _ range: Range<Int>, into output: inout NormalizedText) {
        output.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = source.bytes[index]
            if byte < 0x80 {
                output.append(ascii: Lowercase.ascii(byte), origin: source.origins[index])
                index += 1
            } else {
                let (scalar, length) = source.bytes.scalar(at: index)
                Lowercase.forEachScalar(of: scalar, ScalarProperties(scalar)) {
                    output.append(scalar: $0, origin: source.origins[index])
                }
                index += length
            }
        }
    }
}
