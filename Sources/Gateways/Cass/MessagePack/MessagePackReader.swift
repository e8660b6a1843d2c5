// SPDX-License-Identifier: Apache-2.0
//
// Bytes to a MessagePack value. A length that claims more than there is costs
// nothing, and nesting ends at a depth that no honest message reaches.

struct MessagePackError: Error, Sendable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

struct MessagePackReader {
    private static let maximumDepth = 32
    /// Values take more memory than the bytes they come from.
    private static let maximumCount = 1 << 20

    private let bytes: [UInt8]
    private var offset = 0
    private var count = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The first value of some bytes; what follows it is passed over.
    static func read(_ bytes: [UInt8]) throws(MessagePackError) -> MessagePackValue {
        var reader = MessagePackReader(bytes)
        return try reader.value()
    }

    mutating func value(depth: Int = 0) throws(MessagePackError) -> MessagePackValue {
        guard depth < Self.maximumDepth else {
            throw MessagePackError("nested deeper than \(Self.maximumDepth)")
        }
        count += 1
        guard count <= Self.maximumCount else { throw MessagePackError("more than \(Self.maximumCount) values") }
        let marker = try byte()
        switch marker {
        case 0x00...0x7F: return .integer(Int64(marker))
        case 0x80...0x8F: return try map(Int(marker & 0x0F), depth)
        case 0x90...0x9F: return try array(Int(marker & 0x0F), depth)
        case 0xA0...0xBF: return try string(Int(marker & 0x1F))
        case 0xC0: return .null
        case 0xC2: return .bool(false)
        case 0xC3: return .bool(true)
        case 0xC4: return .binary(try take(Int(try number(UInt8.self))))
        case 0xC5: return .binary(try take(Int(try number(UInt16.self))))
        case 0xC6: return .binary(try take(Int(try number(UInt32.self))))
        case 0xCA: return .float(Float(bitPattern: try number(UInt32.self)))
        case 0xCB: return .double(Double(bitPattern: try number(UInt64.self)))
        case 0xCC: return .integer(Int64(try number(UInt8.self)))
        case 0xCD: return .integer(Int64(try number(UInt16.self)))
        case 0xCE: return .integer(Int64(try number(UInt32.self)))
        case 0xCF:
            let value = try number(UInt64.self)
            return Int64(exactly: value).map(MessagePackValue.integer) ?? .unsigned(value)
        case 0xD0: return .integer(Int64(Int8(bitPattern: try number(UInt8.self))))
        case 0xD1: return .integer(Int64(Int16(bitPattern: try number(UInt16.self))))
        case 0xD2: return .integer(Int64(Int32(bitPattern: try number(UInt32.self))))
        case 0xD3: return .integer(Int64(bitPattern: try number(UInt64.self)))
        case 0xD9: return try string(Int(try number(UInt8.self)))
        case 0xDA: return try string(Int(try number(UInt16.self)))
        case 0xDB: return try string(Int(try number(UInt32.self)))
        case 0xDC: return try array(Int(try number(UInt16.self)), depth)
        case 0xDD: return try array(Int(try number(UInt32.self)), depth)
        case 0xDE: return try map(Int(try number(UInt16.self)), depth)
        case 0xDF: return try map(Int(try number(UInt32.self)), depth)
        case 0xE0...0xFF: return .integer(Int64(Int8(bitPattern: marker)))
        default: throw MessagePackError("unknown marker 0x\(String(marker, radix: 16)) at byte \(offset - 1)")
        }
    }

    private mutating func array(_ count: Int, _ depth: Int) throws(MessagePackError) -> MessagePackValue {
        // Every element takes a byte at least.
        try expect(count)
        var elements: [MessagePackValue] = []
        elements.reserveCapacity(min(count, 1 << 16))
        for _ in 0..<count { elements.append(try value(depth: depth + 1)) }
        return .array(elements)
    }

    private mutating func map(_ count: Int, _ depth: Int) throws(MessagePackError) -> MessagePackValue {
        try expect(count * 2)
        var members: [MessagePackValue.Member] = []
        members.reserveCapacity(min(count, 1 << 16))
        for _ in 0..<count {
            let key = try value(depth: depth + 1)
            members.append(.init(key: key, value: try value(depth: depth + 1)))
        }
        return .map(members)
    }

    private mutating func string(_ count: Int) throws(MessagePackError) -> MessagePackValue {
        let start = offset
        guard let text = String(validating: try take(count), as: UTF8.self) else {
            throw MessagePackError("the string at byte \(start) is not UTF-8")
        }
        return .string(text)
    }

    private mutating func byte() throws(MessagePackError) -> UInt8 {
        try expect(1)
        offset += 1
        return bytes[offset - 1]
    }

    private mutating func take(_ count: Int) throws(MessagePackError) -> [UInt8] {
        try expect(count)
        offset += count
        return Array(bytes[(offset - count)..<offset])
    }

    private mutating func number<Number: FixedWidthInteger>(_: Number.Type) throws(MessagePackError) -> Number {
        let count = Number.bitWidth / 8
        try expect(count)
        var result: Number = 0
        for byte in bytes[offset..<(offset + count)] { result = result << 8 | Number(byte) }
        offset += count
        return result
    }

    private func expect(_ count: Int) throws(MessagePackError) {
        guard bytes.count - offset >= count else {
            throw MessagePackError("the message ends at byte \(bytes.count), \(offset + count - bytes.count) too early")
        }
    }
}
