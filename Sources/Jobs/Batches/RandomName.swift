// SPDX-License-Identifier: Apache-2.0
//
// Names that nobody guesses, and that are names of files as they are.

enum RandomName {
    private static let digits = 32

    /// The prefix and 32 hexadecimal digits.
    static func make(_ prefix: String) -> String {
        var generator = SystemRandomNumberGenerator()
        var text = prefix
        for _ in 0..<digits { text += String(UInt8.random(in: 0..<16, using: &generator), radix: 16) }
        return text
    }

    /// Whether `make` may have made it: what does not look so never becomes part of a path.
    static func isOne(_ text: String, _ prefix: String) -> Bool {
        text.hasPrefix(prefix) && text.utf8.count == prefix.utf8.count + digits
            && text.utf8.dropFirst(prefix.utf8.count).allSatisfy { "0123456789abcdef".utf8.contains($0) }
    }
}
