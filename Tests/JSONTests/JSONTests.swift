// SPDX-License-Identifier: Apache-2.0

import JSON
import TestSupport
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        "null", "true", "[]", "{}", "-0.5", "\"a\\u00e9\\n\\ud83d\\ude00\"", "[1,[2,{\"a\":[null,-3]}],\"\"]",
        "9223372036854775807", "-9223372036854775808", "{\"a\":1,\"b\":{\"c\":[true,false]}}",
    ])
    func valuesSurviveARoundTrip(text: String) throws {
        let value = try JSONValue(parsing: text)
        #expect(try JSONValue(parsing: value.description) == value)
    }

    @Test func numbersKeepTheirKind() throws {
        #expect(try JSONValue(parsing: "12") == .integer(12))
        #expect(try JSONValue(parsing: "-0") == .number(-0.0))
        #expect(try JSONValue(parsing: "1.5e3") == .number(1500))
        #expect(try JSONValue(parsing: "18446744073709551616") == .number(18_446_744_073_709_551_616))
        #expect(JSONValue.number(3).integer == 3)
        #expect(JSONValue.number(3.5).integer == nil)
    }

    @Test(arguments: [
        "", " ", "nul", "tru", "01", "1.", "1e", "+1", ".5", "-", "[1,]", "[1 2]", "{\"a\" 1}", "{\"a\":1,}", "{a:1}",
        "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\u{01}\"", "[", "{\"a\":", "1 2", "1e999",
        "]", "[}", "\"\\", "{\"a\":1", "\"\\u00g0\"", "nullnull", "[1,,2]", "{,}",
    ])
    func brokenTextIsRefused(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test func invalidUTF8IsRefused() {
        for bytes: [UInt8] in [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]] {
            #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
            #expect(throws: JSONError.self) {
                var reader = JSONReader(bytes)
                var target: [UInt8] = []
                try reader.readUTF8(appendingTo: &target)
            }
        }
    }

    @Test func deepNestingIsRefusedWithoutExhaustingTheStack() {
        let deep = String(repeating: "[", count: 1_000_000)
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: deep) }
        #expect(error?.message == "nested deeper than 128 levels")
        let deepObjects = String(repeating: "{\"a\":", count: 100_000)
        #expect(throws: JSONError.self) { try JSONValue(parsing: deepObjects) }
    }

    @Test func errorsSayWhere() {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "{\"a\": x}") }
        #expect(error?.description == "expected a value, found 'x' at byte 6")
    }

    @Test func aReaderWalksWithoutATree() throws {
        var reader = JSONReader("{\"skip\": [1, {\"x\": []}], \"vocab\": {\"é\": 7, \"b\\n\": 8}, \"ok\": true}")
        var vocabulary: [String: Int] = [:]
        var isOK = false
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "vocab":
                try reader.beginObject()
                while let token = try reader.nextKey() { vocabulary[token] = try reader.readInteger() }
            case "ok": isOK = try reader.readBool()
            default: try reader.skipValue()
            }
        }
        try reader.finish()
        #expect(vocabulary == ["é": 7, "b\n": 8])
        #expect(isOK)
    }

    @Test func theLastOfEqualKeysCounts() throws {
        #expect(try JSONValue(parsing: "{\"a\":1,\"a\":2}")["a"] == 2)
    }

    @Test func floatsReadBackAsTheSameValue() throws {
        var generator = SeededGenerator(seed: 7)
        let values = (0..<2000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: generator.next())) }
            .filter(\.isFinite)
        var writer = JSONWriter()
        writer.numbers(values)
        let parsed = try JSONValue(parsing: writer.bytes)
        #expect(parsed.array?.map { Float($0.double ?? .nan) } == values)
    }

    @Test(arguments: 0..<60) func randomBytesNeverTrap(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("{}[]\",:\\u0123456789eE+-.truefalsn d8\u{e9}".utf8)
        for _ in 0..<200 {
            let bytes = (0..<Int.random(in: 0..<40, using: &generator)).map { _ in
                Bool.random(using: &generator)
                    ? alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
                    : UInt8.random(in: 0...255, using: &generator)
            }
            if let value = try? JSONValue(parsing: bytes) {
                #expect((try? JSONValue(parsing: value.encoded())) == value)
            }
        }
    }

    @Test(arguments: 0..<40) func base64RoundTrips(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 250) }
        let text = bytes.withUnsafeBytes { Base64.encode($0) }
        #expect(Base64.decode(text) == bytes)
    }

    @Test func base64MatchesTheStandardsExamples() {
        for (plain, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            #expect(Array(plain.utf8).withUnsafeBytes { Base64.encode($0) } == text)
        }
        #expect(Base64.decode("Zg=") == nil)
        #expect(Base64.decode("Z!==") == nil)
    }
}
