// SPDX-License-Identifier: Apache-2.0
//
// The bytes of an index, put together here by the documented layout alone.

import CassIndex
import Foundation
import Testing

/// Vectors that are said beforehand.
private struct FixedModel: TextVectors {
    var vector: [Float]

    func vectors(of texts: [String]) -> [Float] { texts.flatMap { _ in vector } }
}

@Suite struct FormatTests {
    private func little(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// CRC-32, bit by bit.
    private func crc(_ bytes: [UInt8]) -> UInt32 {
        var sum: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? (sum >> 1) ^ 0xEDB8_8320 : sum >> 1 }
        }
        return ~sum
    }

    private func fnv(_ text: String) -> UInt64 {
        var hash: UInt64 = 14_695_981_039_346_656_037
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
        return hash
    }

    @Test func aFileIsWhatTheLayoutSays() throws {
        let home = CassHome()
        try home.insert(7, "abc")
        try home.execute("INSERT INTO conversations VALUES (2, 4294967296, -5, 'laptop')")
        try home.execute("INSERT INTO messages VALUES (9, 2, 'agent', '**abc**', NULL)")
        var model = FixedModel(vector: [1, -2, 0.1] + [Float](repeating: 0, count: 381))
        let report = try home.pass().run(&model)
        #expect(report.messages == 2 && report.computed == 2 && report.isWritten)

        // SHA-256 of "abc" is the example of FIPS 180-4; CRC-32 of the two sources.
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        let sources = ["local", "laptop"].map { crc(Array($0.utf8)) }
        let names = [
            "m|7|0|3|0|\(sources[0])|0|1007|\(hash)", "m|9|0|4294967295|0|\(sources[1])|1|0|\(hash)",
        ].sorted { fnv($0) < fnv($1) }
        var head = Array("FSVI".utf8) + little(UInt16(1)) + little(UInt16(10)) + Array("minilm-384".utf8)
        head += little(UInt16(3)) + Array("1.0".utf8) + little(UInt32(384)) + [1, 1, 0, 0] + little(UInt64(2))
        let nameBytes = names.reduce(0) { $0 + $1.utf8.count }
        let end = head.count + 8 + 4 + 2 * 16 + nameBytes
        let offset = (end + 63) / 64 * 64
        head += little(UInt64(offset))
        head += little(crc(head))
        var expected = head
        var start: UInt32 = 0
        for name in names {
            expected += little(fnv(name)) + little(start) + little(UInt16(name.utf8.count)) + [0, 0]
            start += UInt32(name.utf8.count)
        }
        expected += names.flatMap { Array($0.utf8) } + [UInt8](repeating: 0, count: offset - end)
        let vector = little(UInt16(0x3C00)) + little(UInt16(0xC000)) + little(UInt16(0x2E66))
        for _ in names { expected += vector + [UInt8](repeating: 0, count: 381 * 2) }
        #expect(try home.contents(report.path) == expected)
        #expect(report.path == home.file(.miniLM))
        #expect(try FileManager.default.contentsOfDirectory(atPath: home.index + "/vector_index").count == 1)
    }

    private static let numbers: [(Float, UInt16)] = [
        (0, 0), (-0.0, 0x8000), (1, 0x3C00), (65504, 0x7BFF), (0.333_333_34, 0x3555),
        // Halfway between two numbers, the even one is taken.
        (1 + 0x1p-11, 0x3C00), (1 + 3 * 0x1p-11, 0x3C02), (2 - 0x1p-12, 0x4000),
        // The smallest numbers, and what is nothing.
        (0x1p-14, 0x0400), (0x1p-24, 0x0001), (0x1p-25, 0x0000), (0x1.8p-25, 0x0001), (0x1p-26, 0x0000),
        (0x1.ff8p-15, 0x03FF), (0x1.ffcp-15, 0x0400), (0x1.fffp-15, 0x0400), (-0x1.4p-20, 0x8014),
        (.leastNonzeroMagnitude, 0),
    ]

    @Test(arguments: numbers)
    func numbersAreRoundedToTheNearest(value: Float, bits: UInt16) throws {
        let home = CassHome()
        try home.insert(1, "text")
        var model = FixedModel(vector: [value] + [Float](repeating: 0, count: 383))
        let bytes = try home.contents(try home.pass().run(&model).path)
        #expect(Array(bytes[(bytes.count - 768)..<(bytes.count - 766)]) == little(bits))
    }

    @Test(arguments: [Float.nan, .infinity, 70_000])
    func whatIsNoNumberOf16BitsIsRefused(value: Float) throws {
        let home = CassHome()
        try home.insert(1, "text")
        var model = FixedModel(vector: [value] + [Float](repeating: 0, count: 383))
        #expect(throws: CassIndexError.self) { try home.pass().run(&model) }
        #expect(!FileManager.default.fileExists(atPath: home.file(.miniLM)))
    }

    @Test func theQuickIndexHasItsOwnFile() throws {
        let home = CassHome()
        try home.insert(1, "hello")
        var model = HashEmbedder()
        let report = try home.pass(.hash).run(&model)
        #expect(report.path.hasSuffix("/data/vector_index/index-fnv1a-384.fsvi"))
        #expect(try home.contents(report.path).dropFirst(8).starts(with: Array("fnv1a-384".utf8)))
    }
}
