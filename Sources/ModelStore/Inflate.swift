// SPDX-License-Identifier: Apache-2.0
//
// DEFLATE decompression (RFC 1951), for the members of wheels.

struct Inflate {
    enum Failure: Error {
        case damaged
        /// More came out than was announced.
        case tooLong
    }

    private let input: UnsafeRawBufferPointer
    private var position = 0
    private var bits: UInt64 = 0
    private var bitCount = 0
    /// The last 32 KiB of output and what has not been handed out yet.
    private var window: [UInt8] = []
    /// Where in `window` the part begins that has not been handed out.
    private var handedOut = 0
    private var produced: Int64 = 0
    private let limit: Int64

    private static let reach = 32 << 10
    private static let portion = 1 << 20

    /// Decompresses `input`, which is one whole DEFLATE stream, and hands the result out in portions.
    ///
    /// - Parameter limit: bytes that may come out at most.
    /// - Returns: bytes that came out.
    static func run(
        _ input: UnsafeRawBufferPointer, limit: Int64,
        output: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Int64 {
        var inflate = Inflate(input: input, limit: limit)
        try inflate.run(output)
        return inflate.produced
    }

    private init(input: UnsafeRawBufferPointer, limit: Int64) {
        self.input = input
        self.limit = limit
        window.reserveCapacity(Self.reach + Self.portion + 512)
    }

    private mutating func run(_ output: (UnsafeRawBufferPointer) throws -> Void) throws {
        var isLast = false
        while !isLast {
            isLast = try take(1) == 1
            switch try take(2) {
            case 0: try copyStored(output)
            case 1: try decode(.fixedLiterals, .fixedDistances, output)
            case 2:
                let (literals, distances) = try readCodes()
                try decode(literals, distances, output)
            default: throw Failure.damaged
            }
        }
        try handOut(keeping: 0, output)
    }

    // MARK: - Blocks

    private mutating func copyStored(_ output: (UnsafeRawBufferPointer) throws -> Void) throws {
        // Back to a byte boundary; whole bytes that were read ahead are given back.
        position -= bitCount / 8
        bits = 0
        bitCount = 0
        guard position + 4 <= input.count else { throw Failure.damaged }
        let length = Int(input[position]) | Int(input[position + 1]) << 8
        let check = Int(input[position + 2]) | Int(input[position + 3]) << 8
        position += 4
        guard length == check ^ 0xFFFF, position + length <= input.count else { throw Failure.damaged }
        window.append(contentsOf: input[position..<position + length])
        position += length
        try count(length)
        try handOutIfFull(output)
    }

    private mutating func decode(
        _ literals: Code, _ distances: Code, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        while true {
            let symbol = try read(literals)
            if symbol < 256 {
                window.append(UInt8(symbol))
                try count(1)
            } else if symbol == 256 {
                return
            } else {
                guard symbol - 257 < 29 else { throw Failure.damaged }
                let length = Self.lengthBases[symbol - 257] + (try take(Self.lengthExtraBits[symbol - 257]))
                let distanceSymbol = try read(distances)
                guard distanceSymbol < 30 else { throw Failure.damaged }
                let distance =
                    Self.distanceBases[distanceSymbol] + (try take(Self.distanceExtraBits[distanceSymbol]))
                guard distance <= window.count else { throw Failure.damaged }
                let start = window.count - distance
                // Source and destination may overlap: a byte at a time repeats the pattern, as it should.
                for offset in 0..<length { window.append(window[start + offset]) }
                try count(length)
            }
            try handOutIfFull(output)
        }
    }

    /// The codes that a block with dynamic codes begins with (RFC 1951, 3.2.7).
    private mutating func readCodes() throws -> (literals: Code, distances: Code) {
        let literalCount = try take(5) + 257
        let distanceCount = try take(5) + 1
        let codeLengthCount = try take(4) + 4
        var codeLengths = [UInt8](repeating: 0, count: 19)
        for index in 0..<codeLengthCount { codeLengths[Self.codeLengthOrder[index]] = UInt8(try take(3)) }
        let code = try Code(lengths: codeLengths)

        var lengths: [UInt8] = []
        while lengths.count < literalCount + distanceCount {
            let symbol = try read(code)
            switch symbol {
            case 0..<16: lengths.append(UInt8(symbol))
            case 16:
                guard let last = lengths.last else { throw Failure.damaged }
                lengths += Array(repeating: last, count: 3 + (try take(2)))
            case 17: lengths += Array(repeating: 0, count: 3 + (try take(3)))
            default: lengths += Array(repeating: 0, count: 11 + (try take(7)))
            }
        }
        guard lengths.count == literalCount + distanceCount else { throw Failure.damaged }
        return (
            try Code(lengths: Array(lengths[..<literalCount])), try Code(lengths: Array(lengths[literalCount...]))
        )
    }

    // MARK: - Bits

    /// Takes so many bits, the lowest first.
    private mutating func take(_ count: Int) throws -> Int {
        if bitCount < count { fill() }
        guard bitCount >= count else { throw Failure.damaged }
        let value = Int(bits & (1 << UInt64(count) - 1))
        bits >>= UInt64(count)
        bitCount -= count
        return value
    }

    private mutating func read(_ code: Code) throws -> Int {
        if bitCount < Code.maximumLength { fill() }
        let entry = code.table[Int(bits & UInt64(Code.tableSize - 1))]
        let length = Int(entry & 15)
        guard length > 0, length <= bitCount else { throw Failure.damaged }
        bits >>= UInt64(length)
        bitCount -= length
        return Int(entry >> 4)
    }

    private mutating func fill() {
        while bitCount <= 56, position < input.count {
            bits |= UInt64(input[position]) << UInt64(bitCount)
            position += 1
            bitCount += 8
        }
    }

    // MARK: - Output

    private mutating func count(_ bytes: Int) throws {
        produced += Int64(bytes)
        if produced > limit { throw Failure.tooLong }
    }

    private mutating func handOutIfFull(_ output: (UnsafeRawBufferPointer) throws -> Void) throws {
        if window.count >= Self.reach + Self.portion { try handOut(keeping: Self.reach, output) }
    }

    private mutating func handOut(keeping kept: Int, _ output: (UnsafeRawBufferPointer) throws -> Void) throws {
        try window.withUnsafeBytes { try output(UnsafeRawBufferPointer(rebasing: $0[handedOut...])) }
        window.removeFirst(max(0, window.count - kept))
        handedOut = window.count
    }

    // MARK: - Tables

    private static let codeLengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    private static let lengthBases = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227,
        258,
    ]
    private static let lengthExtraBits = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
    ]
    private static let distanceBases = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
        6145, 8193, 12289, 16385, 24577,
    ]
    private static let distanceExtraBits = [
        0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
    ]
}

extension Inflate {
    /// A prefix code as one table: indexed by the next 15 bits, an entry is the symbol above four bits of length.
    fileprivate struct Code {
        static let maximumLength = 15
        static let tableSize = 1 << maximumLength

        private(set) var table = [UInt16](repeating: 0, count: tableSize)

        /// From the lengths of the symbols' codes (RFC 1951, 3.2.2); 0 means that a symbol does not occur.
        init(lengths: [UInt8]) throws {
            var counts = [Int](repeating: 0, count: Self.maximumLength + 1)
            for length in lengths where length > 0 { counts[Int(length)] += 1 }
            var next = [Int](repeating: 0, count: Self.maximumLength + 2)
            for length in 1...Self.maximumLength { next[length + 1] = (next[length] + counts[length]) << 1 }

            for (symbol, length) in lengths.enumerated() where length > 0 {
                let code = next[Int(length)]
                next[Int(length)] += 1
                guard code < 1 << Int(length) else { throw Failure.damaged }
                // Codes come highest bit first, other bits lowest first.
                let reversed = Int(UInt16(code).bitSwapped >> (16 - UInt16(length)))
                for index in stride(from: reversed, to: Self.tableSize, by: 1 << Int(length)) {
                    table[index] = UInt16(symbol) << 4 | UInt16(length)
                }
            }
        }

        private init(fixed lengths: [UInt8]) {
            // The fixed codes are valid ones; an empty table would only refuse every symbol.
            self = (try? Code(lengths: lengths)) ?? Code()
        }

        private init() {}

        static let fixedLiterals = Code(
            fixed: Array(repeating: 8, count: 144) + Array(repeating: 9, count: 112)
                + Array(repeating: 7, count: 24) + Array(repeating: 8, count: 8))
        static let fixedDistances = Code(fixed: Array(repeating: 5, count: 30))
    }
}

extension UInt16 {
    fileprivate var bitSwapped: UInt16 {
        var value = self
        value = (value & 0x5555) << 1 | (value >> 1) & 0x5555
        value = (value & 0x3333) << 2 | (value >> 2) & 0x3333
        value = (value & 0x0F0F) << 4 | (value >> 4) & 0x0F0F
        return value.byteSwapped
    }
}
