// SPDX-License-Identifier: Apache-2.0
//
// The MessagePack codec: what it writes it reads, and what lies about its
// length or nests without end costs nothing.

import TestSupport
import Testing

@testable import Gateways

@Suite struct MessagePackTests {
    @Test(arguments: [
        0, 1, 127, 128, 255, 256, 65535, 65536, 4_294_967_295, 4_294_967_296, .max, -1, -32, -33, -128, -129, -32768,
        -32769, -2_147_483_648, -2_147_483_649, .min,
    ])
    func integersTakeTheSmallestForm(value: Int) throws {
        var writer = MessagePackWriter()
        writer.integer(value)
        #expect(try MessagePackReader.read(writer.bytes) == .integer(Int64(value)))
        let width =
            switch value {
            case -32...127: 1
            case -128...255: 2
            case -32768...65535: 3
            case -2_147_483_648...4_294_967_295: 5
            default: 9
            }
        #expect(writer.bytes.count == width)
    }

    @Test(arguments: [0, 31, 32, 255, 256, 65535, 65536])
    func textsAndListsComeBack(count: Int) throws {
        var writer = MessagePackWriter()
        writer.array(2)
        writer.string(String(repeating: "x", count: count))
        writer.floats([Float](repeating: 0.5, count: count))
        let elements = try #require(try MessagePackReader.read(writer.bytes).array)
        #expect(elements[0] == .string(String(repeating: "x", count: count)))
        #expect(elements[1].array?.count == count)
    }

    @Test(arguments: [
        "db ff ff ff ff", "dd ff ff ff ff", "df ff ff ff ff", "c6 ff ff ff ff 00", "dd 00 10 00 00 c0",
        "de ff ff c0 c0", "ce 00", "cf", "d9", "da 01", "c7 01 00", "d4 00 00",
    ])
    func liesAboutLengthsAreErrors(hex: String) {
        #expect(throws: MessagePackError.self) {
            try MessagePackReader.read(bytes(hex.filter { $0 != " " }))
        }
    }

    @Test func nestingAndCountsHaveAnEnd() {
        #expect(throws: MessagePackError.self) {
            try MessagePackReader.read([UInt8](repeating: 0x91, count: 1_000_000))
        }
        // Ten million empty lists in ten mebibytes.
        let count = withUnsafeBytes(of: UInt32(10_000_000).bigEndian) { Array($0) }
        #expect(throws: MessagePackError.self) {
            try MessagePackReader.read([0xDD] + count + [UInt8](repeating: 0x90, count: 10_000_000))
        }
    }

    @Test func noBytesBringItDown() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<20_000 {
            let noise = (0..<Int.random(in: 0..<64, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            _ = try? MessagePackReader.read(noise)
            _ = try? CassFrame(parsing: noise)
        }
        // Honest frames with a byte changed, and cut short.
        let frame = bytes("9301a6636173732d3181a5456d6265649392a568656c6c6fa5776f726c64a764656661756c74c0")
        for position in frame.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = frame
                changed[position] = byte
                _ = try? CassFrame(parsing: changed)
            }
            #expect(throws: MessagePackError.self) { try CassFrame(parsing: Array(frame[..<position])) }
        }
    }
}
