// SPDX-License-Identifier: Apache-2.0
//
// Vectors in fewer bits, as Cohere's API has them.

import JSON
import WireProtocol

struct QuantizedVectors {
    enum Format: String, CaseIterable, Sendable { case float, int8, uint8, binary, ubinary, base64 }

    private let result: EmbedResult
    private let format: Format

    init(_ result: EmbedResult, _ format: Format) {
        self.result = result
        self.format = format
    }

    func write(to writer: inout JSONWriter) {
        writer.beginArray()
        for index in 0..<result.count {
            let vector = result.vector(index)
            switch format {
            case .float: writer.numbers(vector)
            case .base64: writer.string(vector.withUnsafeBytes { Base64.encode($0) })
            case .int8: Self.write(Self.scaled(vector), to: &writer)
            case .uint8: Self.write(Self.scaled(vector).map { $0 + 128 }, to: &writer)
            case .binary: Self.write(Self.packed(vector).map { $0 - 128 }, to: &writer)
            case .ubinary: Self.write(Self.packed(vector), to: &writer)
            }
        }
        writer.endArray()
    }

    private static func write(_ values: [Int], to writer: inout JSONWriter) {
        writer.beginArray()
        for value in values { writer.integer(value) }
        writer.endArray()
    }

    /// From -127 to 127, each vector to its own scale: that keeps its direction, and with it every cosine. What is no
    /// number becomes 0.
    static func scaled(_ vector: ArraySlice<Float>) -> [Int] {
        let largest = vector.reduce(0) { max($0, abs($1)) }
        guard largest > 0, largest.isFinite else { return vector.map { _ in 0 } }
        return vector.map { $0.isNaN ? 0 : Int(($0 / largest * 127).rounded()) }
    }

    /// A bit for each value, set where it is above 0, the first in the highest bit of its byte, as numpy's packbits
    /// has them.
    static func packed(_ vector: ArraySlice<Float>) -> [Int] {
        stride(from: vector.startIndex, to: vector.endIndex, by: 8).map { start in
            (0..<8).reduce(0) { byte, bit in
                let index = start + bit
                return byte << 1 | (index < vector.endIndex && vector[index] > 0 ? 1 : 0)
            }
        }
    }
}
