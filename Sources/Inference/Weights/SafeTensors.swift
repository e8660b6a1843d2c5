// SPDX-License-Identifier: Apache-2.0
//
// The safetensors format: eight bytes of header length, a JSON header, and the
// tensors' bytes one after another without gaps.
// https://github.com/huggingface/safetensors#format

internal import JSON

/// The tensors of one file. Every offset is checked against the file before any is used.
public struct SafeTensors: Sendable {
    public let path: String
    /// By name.
    public let tensors: [String: Tensor]

    /// The limit of the reference implementation.
    static let largestHeader = 100_000_000

    public init(path: String) throws(ModelError) {
        try self.init(MappedFile(path: path))
    }

    init(_ file: MappedFile) throws(ModelError) {
        path = file.path
        let bytes = file.bytes
        guard bytes.count >= 8 else {
            throw .damaged(file, "it has \(bytes.count) bytes, not even the 8 of the header's length")
        }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(Self.largestHeader) else {
            throw .damaged(file, "its header claims \(length) bytes, more than the format's \(Self.largestHeader)")
        }
        let start = 8 + Int(length)
        guard start <= bytes.count else {
            throw .damaged(file, "its header claims \(length) bytes, but the file ends after \(bytes.count - 8)")
        }
        let entries: [Entry]
        do {
            entries = try Self.entries(Array(bytes[8..<start]))
        } catch {
            throw .damaged(file, "its header is wrong: \(error)")
        }
        tensors = try Self.validated(entries, in: file, dataStart: start)
    }

    /// A tensor as the header describes it.
    private struct Entry {
        var name: String
        var type: String?
        var shape: [Int]?
        var offsets: [Int]?
    }

    private static func entries(_ header: [UInt8]) throws(JSONError) -> [Entry] {
        var reader = JSONReader(header)
        var entries: [Entry] = []
        try reader.beginObject()
        while let name = try reader.nextKey() {
            if name == "__metadata__" {
                try reader.skipValue()
                continue
            }
            var entry = Entry(name: name)
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "dtype": entry.type = try reader.readString()
                case "shape": entry.shape = try integers(&reader)
                case "data_offsets": entry.offsets = try integers(&reader)
                default: throw JSONError("unknown key '\(key)' of tensor '\(name)'", offset: reader.position)
                }
            }
            entries.append(entry)
        }
        try reader.finish()
        return entries
    }

    private static func integers(_ reader: inout JSONReader) throws(JSONError) -> [Int] {
        var values: [Int] = []
        try reader.beginArray()
        while try reader.nextElement() { values.append(try reader.readInteger()) }
        return values
    }

    /// Tensors cover the data exactly: in the order of their offsets each begins where the one before ends.
    private static func validated(
        _ entries: [Entry], in file: MappedFile, dataStart: Int
    ) throws(ModelError) -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        tensors.reserveCapacity(entries.count)
        var position = 0
        for entry in entries.sorted(by: { ($0.offsets ?? []).lexicographicallyPrecedes($1.offsets ?? []) }) {
            let name = entry.name
            guard let typeName = entry.type, let shape = entry.shape, let offsets = entry.offsets, offsets.count == 2
            else { throw .damaged(file, "tensor '\(name)' lacks a dtype, a shape or two data_offsets") }
            guard let type = DataType(rawValue: typeName) else {
                throw .damaged(file, "tensor '\(name)' has the unknown dtype '\(typeName)'")
            }
            let (begin, end) = (offsets[0], offsets[1])
            guard begin == position, end >= begin, end <= file.bytes.count - dataStart else {
                throw .damaged(
                    file,
                    "tensor '\(name)' lies at \(begin)..<\(end), expected to start at \(position) and to end by "
                        + "\(file.bytes.count - dataStart)")
            }
            guard let size = byteCount(of: shape, type), size == end - begin else {
                throw .damaged(file, "tensor '\(name)' of \(type.rawValue) \(shape) does not fill \(end - begin) bytes")
            }
            guard tensors[name] == nil else { throw .damaged(file, "tensor '\(name)' appears twice") }
            tensors[name] = Tensor(
                name: name, dataType: type, shape: shape, file: file, offset: dataStart + begin)
            position = end
        }
        guard position == file.bytes.count - dataStart else {
            throw .damaged(file, "its tensors end after \(position) of \(file.bytes.count - dataStart) bytes of data")
        }
        return tensors
    }

    /// Bytes of a tensor; nil for negative sizes, overflow and a part of a byte.
    private static func byteCount(of shape: [Int], _ type: DataType) -> Int? {
        var bits = type.bitsPerElement
        for size in shape {
            let (product, overflow) = bits.multipliedReportingOverflow(by: size)
            guard size >= 0, !overflow else { return nil }
            bits = product
        }
        return bits.isMultiple(of: 8) ? bits / 8 : nil
    }
}

extension ModelError {
    fileprivate static func damaged(_ file: MappedFile, _ reason: String) -> ModelError {
        ModelError(.corrupt, "\(file.path) is not a valid safetensors file: \(reason); fetch the model again")
    }
}
