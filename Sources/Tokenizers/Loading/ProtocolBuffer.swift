// SPDX-License-Identifier: Apache-2.0
//
// A reader of protocol buffers in their binary form, which knows nothing of
// what the fields mean (https://protobuf.dev/programming-guides/encoding).

/// The fields of one message, in order.
struct ProtocolBuffer {
    enum Value {
        case varint(UInt64)
        case fixed32(UInt32)
        case fixed64(UInt64)
        /// Where the bytes of a string, a message or a packed list are.
        case bytes(Range<Int>)
    }

    struct Field {
        var number: UInt64
        var value: Value
    }

    private let bytes: [UInt8]
    private var position: Int
    private let end: Int

    /// - Parameter range: where the message is.
    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next field; nil at the end.
    mutating func next() throws(TokenizerError) -> Field? {
        guard position < end else { return nil }
        let start = position
        let key = try varint()
        guard key >> 3 != 0 else { throw malformed("a field without a number", start) }
        switch key & 7 {
        case 0: return Field(number: key >> 3, value: .varint(try varint()))
        case 1: return Field(number: key >> 3, value: .fixed64(try fixed(8)))
        case 2:
            let count = try varint()
            guard count <= UInt64(end - position) else { throw malformed("a field of \(count) bytes", start) }
            let range = position..<position + Int(count)
            position = range.upperBound
            return Field(number: key >> 3, value: .bytes(range))
        case 5: return Field(number: key >> 3, value: .fixed32(UInt32(try fixed(4))))
        default: throw malformed("a field of the wire type \(key & 7)", start)
        }
    }

    private mutating func varint() throws(TokenizerError) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard position < end else { throw malformed("a number that is cut off", start) }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw malformed("a number of more than ten bytes", start)
    }

    private mutating func fixed(_ count: Int) throws(TokenizerError) -> UInt64 {
        guard end - position >= count else { throw malformed("a number that is cut off", position) }
        defer { position += count }
        return (0..<count).reduce(0) { $0 | UInt64(bytes[position + $1]) << UInt64(8 * $1) }
    }

    private func malformed(_ what: String, _ offset: Int) -> TokenizerError {
        .malformed("the SentencePiece model has \(what) at byte \(offset)")
    }
}
