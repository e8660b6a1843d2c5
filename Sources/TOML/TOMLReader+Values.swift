// SPDX-License-Identifier: Apache-2.0
//
// TOML values: numbers, booleans, dates, arrays and inline tables.

extension TOMLReader {
    mutating func readValue() throws(TOMLError) -> TOMLValue {
        switch next {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try readString())
        case UInt8(ascii: "["): return .array(try nested { reader throws(TOMLError) in try reader.readArray() })
        case UInt8(ascii: "{"): return .table(try nested { reader throws(TOMLError) in try reader.readInlineTable() })
        default: return try readScalar()
        }
    }

    private mutating func nested<Result>(
        _ read: (inout TOMLReader) throws(TOMLError) -> Result
    ) throws(TOMLError) -> Result {
        guard depth < Self.maximumDepth else { throw error("nested deeper than \(Self.maximumDepth)") }
        depth += 1
        defer { depth -= 1 }
        return try read(&self)
    }

    private mutating func readArray() throws(TOMLError) -> [TOMLValue] {
        position += 1
        var values: [TOMLValue] = []
        while true {
            try skipBlanksAndNewlines()
            if next == UInt8(ascii: "]") { break }
            values.append(try readValue())
            try skipBlanksAndNewlines()
            if next == UInt8(ascii: "]") { break }
            try expect(UInt8(ascii: ","), "',' or ']'")
        }
        position += 1
        return values
    }

    /// On one line, and without a comma after the last member.
    private mutating func readInlineTable() throws(TOMLError) -> TOMLTable {
        position += 1
        let table = TOMLTree(.header)
        skipBlanks()
        if next == UInt8(ascii: "}") {
            position += 1
            return table.value
        }
        while true {
            let path = try readKeys()
            try expect(UInt8(ascii: "="), "'=' after the key")
            skipBlanks()
            try table.set(path, to: try readValue())
            skipBlanks()
            if next == UInt8(ascii: "}") { break }
            try expect(UInt8(ascii: ","), "',' or '}'")
            skipBlanks()
        }
        position += 1
        return table.value
    }

    private mutating func readScalar() throws(TOMLError) -> TOMLValue {
        let start = position
        while let next, Self.isScalar(next) { position += 1 }
        let word = text(from: start)
        if let value = Self.number(word) { return value }
        switch word {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        default: break
        }
        if TOMLDateTime.isDate(word), next == 0x20 {
            // A blank may stand between date and time.
            let end = position
            position += 1
            while let next, Self.isScalar(next) { position += 1 }
            if TOMLDateTime.isValid(text(from: start)) { return .dateTime(text(from: start)) }
            position = end
        }
        if TOMLDateTime.isValid(word) { return .dateTime(word) }
        position = start
        if word.isEmpty { throw unexpected("a value") }
        throw error("'\(word)' is not a value; a text is written in quotes: \"\(word)\"")
    }

    private static func isScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: "#"), UInt8(ascii: "["),
            UInt8(ascii: "{"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "="):
            false
        default: true
        }
    }

    // MARK: - Numbers

    private static func number(_ word: String) -> TOMLValue? {
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where word.hasPrefix(prefix) {
            guard let digits = withoutUnderscores(word.dropFirst(2), radix: radix) else { return nil }
            return Int64(digits, radix: radix).map(TOMLValue.integer)
        }
        let isSigned = word.hasPrefix("+") || word.hasPrefix("-")
        let magnitude = word.dropFirst(isSigned ? 1 : 0)
        if magnitude == "inf" { return .float(word.hasPrefix("-") ? -.infinity : .infinity) }
        if magnitude == "nan" { return .float(.nan) }
        let parts = magnitude.split(
            maxSplits: 1, omittingEmptySubsequences: false, whereSeparator: { $0 == "e" || $0 == "E" })
        let mantissa = parts[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = withoutUnderscores(mantissa[0], radix: 10), whole == "0" || !whole.hasPrefix("0") else {
            return nil
        }
        let sign = word.hasPrefix("-") ? "-" : ""
        if parts.count == 1, mantissa.count == 1 { return Int64(sign + whole).map(TOMLValue.integer) }
        var text = sign + whole
        if mantissa.count == 2 {
            guard let fraction = withoutUnderscores(mantissa[1], radix: 10) else { return nil }
            text += "." + fraction
        }
        if parts.count == 2 {
            let isSigned = parts[1].hasPrefix("+") || parts[1].hasPrefix("-")
            guard let exponent = withoutUnderscores(parts[1].dropFirst(isSigned ? 1 : 0), radix: 10) else { return nil }
            text += "e" + (parts[1].hasPrefix("-") ? "-" : "") + exponent
        }
        return Double(text).map(TOMLValue.float)
    }

    /// Digits of which each underscore stands between two; nil for anything else.
    private static func withoutUnderscores(_ text: Substring, radix: Int) -> String? {
        let groups = text.utf8.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
        guard groups.allSatisfy({ !$0.isEmpty && $0.allSatisfy { isDigit($0, radix: radix) } }) else { return nil }
        return String(text.filter { $0 != "_" })
    }

    static func isDigit(_ byte: UInt8, radix: Int) -> Bool {
        (0x30..<0x30 + UInt8(min(radix, 10))).contains(byte) || (radix == 16 && (0x61...0x66).contains(byte | 0x20))
    }
}

/// The shapes of RFC 3339 dates and times, as far as TOML takes them.
enum TOMLDateTime {
    static func isDate(_ text: String) -> Bool { matches(Array(text.utf8), "dddd-dd-dd") }

    static func isValid(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        if isDate(text) || isTime(bytes[...]) { return true }
        guard bytes.count > 11, matches(Array(bytes[..<10]), "dddd-dd-dd"), "Tt ".utf8.contains(bytes[10]) else {
            return false
        }
        let time = bytes[11...]
        if let last = time.last, "Zz".utf8.contains(last) { return isTime(time.dropLast()) }
        let offset = Array(time.suffix(6))
        if matches(offset, "+dd:dd") || matches(offset, "-dd:dd") { return isTime(time.dropLast(6)) }
        return isTime(time)
    }

    private static func isTime(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard matches(Array(bytes.prefix(8)), "dd:dd:dd") else { return false }
        let fraction = bytes.dropFirst(8)
        return fraction.isEmpty
            || (fraction.count > 1 && matches(Array(fraction), "." + String(repeating: "d", count: fraction.count - 1)))
    }

    /// `d` stands for a digit.
    private static func matches(_ bytes: [UInt8], _ pattern: String) -> Bool {
        bytes.count == pattern.utf8.count
            && zip(bytes, pattern.utf8).allSatisfy { byte, wanted in
                wanted == UInt8(ascii: "d") ? TOMLReader.isDigit(byte, radix: 10) : byte == wanted
            }
    }
}
