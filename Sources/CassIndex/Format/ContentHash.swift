// SPDX-License-Identifier: Apache-2.0
//
// What the text of a document is known by: SHA-256 of its UTF-8.

import CPlatform

struct ContentHash: Sendable, Hashable {
    private let words: SIMD4<UInt64>

    init(of text: String) {
        var text = text
        var words = SIMD4<UInt64>()
        text.withUTF8 { text in
            withUnsafeMutableBytes(of: &words) {
                hearth_sha256_digest(text.baseAddress, text.count, $0.bindMemory(to: UInt8.self).baseAddress)
            }
        }
        self.words = words
    }

    /// - Parameter text: 64 hexadecimal digits; nil for anything else.
    init?(hexadecimal text: some StringProtocol) {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 64, text.utf8.count == 64 else { return nil }
        var words = SIMD4<UInt64>()
        withUnsafeMutableBytes(of: &words) { bytes in
            for index in bytes.indices { bytes[index] = UInt8(digits[2 * index] << 4 | digits[2 * index + 1]) }
        }
        self.words = words
    }

    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return withUnsafeBytes(of: words) { bytes in
            String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
        }
    }
}
