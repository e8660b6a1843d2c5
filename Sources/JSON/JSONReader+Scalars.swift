// SPDX-License-Identifier: Apache-2.0
//
// Strings and numbers of the JSON reader.

extension JSONReader {
    /// Reads a string and its escapes. Invalid UTF-8 and lone surrogates are refused.
    public mutating func readString() throws(JSONError) -> String {
        let content = try scanString()
        if !content.hasEscapes {
            guard let text = String(validating: bytes[content.range], as: UTF8.self) else {
                throw JSONError("invalid UTF-8 in a string", offset: content.range.lowerBound)
            }
            return text
        }
        var unescaped: [UInt8] = []
        unescaped.reserveCapacity(content.range.count)
        try unescape(content.range, into: &unescaped)
        guard let text = String(validating: unescaped, as: UTF8.self) else {
            throw JSONError("invalid UTF-8 in a string", offset: content.range.lowerBound)
        }
        return text
    }

    /// Appends a string's unescaped UTF-8 without making a `String`; the bytes are validated as UTF-8.
    public mutating func readUTF8(appendingTo target: inout [UInt8]) throws(JSONError) {
        let content = try scanString()
        let start = target.count
        if content.hasEscapes {
            try unescape(content.range, into: &target)
        } else {
            target.append(contentsOf: bytes[content.range])
        }
        if content.isASCII { return }
        guard String(validating: target[start...], as: UTF8.self) != nil else {
            throw JSONError("invalid UTF-8 in a string", offset: content.range.lowerBound)
        }
    }

    private struct StringContent {
        var range: Range<Int>
        var hasEscapes: Bool
        var isASCII: Bool
    }

    /// Finds the end of a string and moves behind it.
    private mutating func scanString() throws(JSONError) -> StringContent {
        guard try nextByte() == UInt8(ascii: "\"") else { throw unexpected("a string") }
        let start = position + 1
        var index = start
        var hasEscapes = false
        var all: UInt8 = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                position = index + 1
                return StringContent(range: start..<index, hasEscapes: hasEscapes, isASCII: all < 0x80)
            }
            if byte < 0x20 { throw JSONError("unescaped control character \(byte) in a string", offset: index) }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                index += 1
            }
            all |= byte
            index += 1
        }
        throw JSONError("a string does not end", offset: start - 1)
    }

    private func unescape(_ range: Range<Int>, into target: inout [UInt8]) throws(JSONError) {
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                target.append(byte)
                continue
            }
            let escape = bytes[index]
            index += 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): target.append(escape)
            case UInt8(ascii: "b"): target.append(0x08)
            case UInt8(ascii: "f"): target.append(0x0C)
            case UInt8(ascii: "n"): target.append(0x0A)
            case UInt8(ascii: "r"): target.append(0x0D)
            case UInt8(ascii: "t"): target.append(0x09)
            case UInt8(ascii: "u"):
                let scalar = try unicodeEscape(at: &index, before: range.upperBound)
                target.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            default: throw JSONError("unknown escape in a string", offset: index - 1)
            }
        }
    }

    /// Reads the digits after `\u`, and the second half of a surrogate pair.
    private func unicodeEscape(at index: inout Int, before end: Int) throws(JSONError) -> Unicode.Scalar {
        let first = try hexadecimal(at: &index, before: end)
        if let scalar = Unicode.Scalar(first) { return scalar }
        let isPair =
            (0xD800..<0xDC00).contains(first) && index + 2 <= end
            && bytes[index] == UInt8(ascii: "\\") && bytes[index + 1] == UInt8(ascii: "u")
        guard isPair else { throw JSONError("lone surrogate in a string", offset: index) }
        index += 2
        let second = try hexadecimal(at: &index, before: end)
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw JSONError("lone surrogate in a string", offset: index) }
        return scalar
    }

    private func hexadecimal(at index: inout Int, before end: Int) throws(JSONError) -> UInt32 {
        guard index + 4 <= end else { throw JSONError("'\\u' needs four hexadecimal digits", offset: index) }
        var value: UInt32 = 0
        for offset in index..<index + 4 {
            guard let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue else {
                throw JSONError("'\\u' needs four hexadecimal digits", offset: offset)
            }
            value = value << 4 | UInt32(digit)
        }
        index += 4
        return value
    }

    public mutating func readInteger() throws(JSONError) -> Int {
        let start = position
        guard let value = try readNumber().integer else {
            throw JSONError("expected an integer", offset: start)
        }
        return value
    }

    public mutating func readDouble() throws(JSONError) -> Double {
        let start = position
        guard let value = try readNumber().double else { throw JSONError("expected a number", offset: start) }
        return value
    }

    /// Reads a number as `.integer` where it is one that fits 64 bits, else as `.number`.
    public mutating func readNumber() throws(JSONError) -> JSONValue {
        _ = try nextByte()
        let start = position
        var magnitude: UInt64 = 0
        var fits = true
        let isNegative = bytes[position] == UInt8(ascii: "-")
        if isNegative { position += 1 }
        let digits = position
        while let digit = digit() {
            let (shifted, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = shifted.addingReportingOverflow(UInt64(digit))
            fits = fits && !overflow && !carry
            magnitude = sum
        }
        guard position > digits else { throw unexpected("a digit") }
        if bytes[digits] == UInt8(ascii: "0"), position > digits + 1 {
            throw JSONError("a number has a leading zero", offset: digits)
        }
        let isInteger = try !skipFraction()
        if isInteger, fits {
            if isNegative, magnitude > 0, let value = Int64(exactly: Int128(magnitude) * -1) { return .integer(value) }
            if !isNegative, let value = Int64(exactly: magnitude) { return .integer(value) }
        }
        guard let value = Double(Substring(decoding: bytes[start..<position], as: UTF8.self)), value.isFinite else {
            throw JSONError("a number is out of range", offset: start)
        }
        return .number(value)
    }

    /// Moves over fraction and exponent; false where there is neither.
    private mutating func skipFraction() throws(JSONError) -> Bool {
        let start = position
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try skipDigits()
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            try skipDigits()
        }
        return position > start
    }

    private mutating func skipDigits() throws(JSONError) {
        guard digit() != nil else { throw unexpected("a digit") }
        while digit() != nil {}
    }

    /// Takes one decimal digit, if there is one.
    private mutating func digit() -> UInt8? {
        guard position < bytes.count else { return nil }
        let value = bytes[position] &- UInt8(ascii: "0")
        guard value < 10 else { return nil }
        position += 1
        return value
    }
}
