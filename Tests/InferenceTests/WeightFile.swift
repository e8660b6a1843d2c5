// SPDX-License-Identifier: Apache-2.0
//
// A safetensors file taken apart, to be changed and written again.

import JSON
import TestSupport
import Testing

struct WeightFile {
    struct Entry {
        var name: String
        var type: String
        var shape: [Int]
        var bytes: [UInt8]
    }

    var entries: [Entry]

    init(_ entries: [Entry]) { self.entries = entries }

    init(reading path: String) throws {
        let bytes = try #require(readFile(path), "cannot read \(path)")
        let length = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
        let header = try JSONValue(parsing: Array(bytes[8..<8 + length]))
        entries = (header.object?.members ?? []).filter { $0.key != "__metadata__" }.map { member in
            let offsets = (member.value["data_offsets"]?.array ?? []).compactMap(\.integer)
            return Entry(
                name: member.key, type: member.value["dtype"]?.string ?? "",
                shape: (member.value["shape"]?.array ?? []).compactMap(\.integer),
                bytes: Array(bytes[8 + length + offsets[0]..<8 + length + offsets[1]]))
        }
    }

    subscript(name: String) -> Entry {
        get { entries.first { $0.name == name } ?? Entry(name: name, type: "F32", shape: [], bytes: []) }
        set { entries = entries.map { $0.name == name ? newValue : $0 } }
    }

    var encoded: [UInt8] {
        var header = JSONObject()
        var position = 0
        for entry in entries {
            header[entry.name] = [
                "dtype": .string(entry.type), "shape": .array(entry.shape.map { .integer(Int64($0)) }),
                "data_offsets": [.integer(Int64(position)), .integer(Int64(position + entry.bytes.count))],
            ]
            position += entry.bytes.count
        }
        let text = JSONValue.object(header).encoded()
        return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + entries.flatMap(\.bytes)
    }
}

extension WeightFile.Entry {
    /// Replaces one float32 element.
    mutating func set(_ index: Int, _ value: Float) {
        for byte in 0..<4 { bytes[index * 4 + byte] = UInt8(truncatingIfNeeded: value.bitPattern >> (8 * byte)) }
    }
}
