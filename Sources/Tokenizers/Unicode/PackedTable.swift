// SPDX-License-Identifier: Apache-2.0
//
// Constant tables of small numbers, written as text so that they cost the
// compiler little and the start of the program nothing.

/// Numbers of a fixed count of digits in base 91. The digits are the characters `#` to `~` without `\`.
struct PackedTable: Sendable {
    private let text: StaticString
    private let width: Int
    let count: Int

    init(_ text: StaticString, width: Int) {
        self.text = text
        self.width = width
        count = text.utf8CodeUnitCount / width
    }

    subscript(index: Int) -> UInt32 {
        precondition(index >= 0 && index < count)
        let digits = text.utf8Start + index * width
        var value: UInt32 = 0
        for position in 0..<width {
            let character = UInt32(digits[position])
            value = value &* 91 &+ character &- (character > 0x5C ? 0x24 : 0x23)
        }
        return value
    }
}
