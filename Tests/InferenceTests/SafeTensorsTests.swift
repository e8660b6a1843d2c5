// SPDX-License-Identifier: Apache-2.0
//
// The safetensors format: what is read, and what is refused.

import Inference
import TestSupport
import Testing

@Suite("Safetensors")
struct SafeTensorsTests {
    /// A file of a header and some data.
    static func file(_ header: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
        let header = Array(header.utf8)
        let length = length ?? UInt64(header.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + header
            + [UInt8](repeating: 1, count: data)
    }

    private func open(_ bytes: [UInt8]) throws -> SafeTensors {
        let folder = TemporaryFolder()
        folder.write(bytes, to: "x.safetensors")
        return try SafeTensors(path: folder.path + "/x.safetensors")
    }

    @Test func readsNamesTypesAndShapes() throws {
        let file = try open(
            Self.file(
                """
                {"__metadata__":{"format":"pt"},
                 "b":{"dtype":"F32","shape":[2,3],"data_offsets":[6,30]},
                 "a":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]},
                 "scalar":{"dtype":"I64","shape":[],"data_offsets":[30,38]},
                 "empty":{"dtype":"F16","shape":[0,7],"data_offsets":[38,38]}}   
                """, data: 38))
        #expect(file.tensors.count == 4)
        #expect(file.tensors["b"]?.shape == [2, 3])
        #expect(file.tensors["b"]?.dataType == .f32)
        #expect(file.tensors["a"]?.dataType == .bf16)
        #expect(file.tensors["scalar"]?.elementCount == 1)
        #expect(file.tensors["empty"]?.elementCount == 0)
    }

    @Test func readsAFileWithoutTensors() throws {
        #expect(try open(Self.file("{}")).tensors.isEmpty)
    }

    @Test(
        arguments: [
            ("empty", []),
            ("shorter than a length", [1, 0, 0]),
            ("header beyond the file", file("{}", length: 3)),
            ("header of 2^63", file("{}", length: 1 << 63)),
            ("header of 2^64 - 1", file("{}", length: .max)),
            ("header over the limit", file("{}", length: 100_000_001)),
            ("no header", file("")),
            ("not JSON", file("hello")),
            ("an array", file("[]")),
            ("a number", file("7")),
            ("invalid UTF-8", [4, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x22, 0xFF, 0x22]),
            ("nesting", file("{\"a\":" + String(repeating: "[", count: 5000))),
            ("text after the object", file("{} x")),
            ("a tensor that is no object", file("{\"a\":1}")),
            ("no dtype", file("{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", data: 4)),
            ("no shape", file("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", data: 4)),
            ("no offsets", file("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", data: 4)),
            ("one offset", file("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", data: 4)),
            ("unknown key", file("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}", data: 4)),
            ("unknown dtype", file("{\"a\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}", data: 4)),
            ("fractional size", file("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", data: 4)),
            ("negative size", file("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", data: 4)),
            (
                "two negative sizes",
                file("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1,-1],\"data_offsets\":[0,4]}}", data: 4)
            ),
            (
                "overflowing shape",
                file("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}")
            ),
            (
                "overflowing bits",
                file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2305843009213693952],\"data_offsets\":[0,0]}}")
            ),
            ("half a byte", file("{\"a\":{\"dtype\":\"F4\",\"shape\":[1],\"data_offsets\":[0,1]}}", data: 1)),
            (
                "too few bytes for the shape",
                file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", data: 4)
            ),
            ("end before begin", file("{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,-4]}}", data: 4)),
            ("negative begin", file("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", data: 4)),
            ("end beyond the file", file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", data: 4)),
            (
                "end at 2^63 - 1",
                file(
                    "{\"a\":{\"dtype\":\"U8\",\"shape\":[9223372036854775807],\"data_offsets\":[0,9223372036854775807]}}"
                )
            ),
            ("gap before", file("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", data: 8)),
            ("gap after", file("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", data: 5)),
            (
                "overlap",
                file(
                    """
                    {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
                     "b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}
                    """, data: 12)
            ),
            (
                "the same name twice",
                file(
                    """
                    {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
                     "a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}
                    """, data: 8)
            ),
        ] as [(String, [UInt8])])
    func refuses(what: String, bytes: [UInt8]) throws {
        let error = #expect(throws: ModelError.self) { try open(bytes) }
        #expect(error?.code == .corrupt)
    }

    @Test func refusesWhatIsNoFile() throws {
        let folder = TemporaryFolder()
        let missing = #expect(throws: ModelError.self) { try SafeTensors(path: folder.path + "/none") }
        #expect(missing?.code == .notFound)
        let directory = #expect(throws: ModelError.self) { try SafeTensors(path: folder.path) }
        #expect(directory?.code == .unreadable)
    }
}
