// SPDX-License-Identifier: Apache-2.0
//
// Writes a file of vectors. Vectors are copied from where they stand, a few at
// a time: only names are in memory.

enum VectorFileWriter {
    private static let bufferBytes = 1 << 20

    struct Row {
        let name: String
        let hash: UInt64
        let place: VectorPlace

        init(_ name: String, _ place: VectorPlace) {
            self.name = name
            hash = FNV1a.hash(name.utf8)
            self.place = place
        }

        static func isOrdered(_ first: Row, _ second: Row) -> Bool {
            // By bytes, as Rust orders texts.
            first.hash == second.hash
                ? first.name.utf8.lexicographicallyPrecedes(second.name.utf8) : first.hash < second.hash
        }
    }

    /// - Parameters:
    ///   - rows: ordered.
    ///   - file: an empty one. It is on the disk when this returns.
    static func write(
        _ rows: [Row], of embedder: IndexEmbedder, generation: UInt8, to file: RegularFile
    ) throws(CassIndexError) {
        let nameBytes = rows.reduce(0) { $0 + $1.name.utf8.count }
        guard UInt32(exactly: nameBytes) != nil else {
            throw CassIndexError("\(rows.count) messages are more than an index can name")
        }
        var head = VectorFileHead(
            embedder: embedder.id, revision: IndexEmbedder.revision, dimensions: IndexEmbedder.dimensions,
            generation: generation, rows: rows.count)
        let end = head.encoded().count + rows.count * VectorFileHead.rowBytes + nameBytes
        let padding = (VectorFileHead.alignment - end % VectorFileHead.alignment) % VectorFileHead.alignment
        head.vectorsOffset = end + padding

        var output = Output(file)
        try output.append(head.encoded())
        var start: UInt32 = 0
        for row in rows {
            let count = UInt16(row.name.utf8.count)
            try output.append(
                row.hash.littleEndianBytes + start.littleEndianBytes + count.littleEndianBytes + [0, 0])
            start += UInt32(count)
        }
        for row in rows { try output.append(row.name.utf8) }
        try output.append(repeatElement(0, count: padding))
        for row in rows { try output.append(try vector(row)) }
        try output.flush()
        try file.sync()
    }

    private static func vector(_ row: Row) throws(CassIndexError) -> [UInt8] {
        let bytes = try row.place.file.bytes(
            row.place.offset..<row.place.offset + IndexEmbedder.dimensions * HalfPrecision.bytes)
        let isWhole = stride(from: 0, to: bytes.count, by: HalfPrecision.bytes).allSatisfy {
            HalfPrecision.isFinite(UInt16(littleEndian: bytes[$0..<$0 + HalfPrecision.bytes]))
        }
        guard isWhole else {
            throw CassIndexError("'\(row.place.file.path)' has a damaged vector at byte \(row.place.offset)")
        }
        return bytes
    }

    private struct Output {
        private let file: RegularFile
        private var bytes: [UInt8] = []
        private var offset = 0

        init(_ file: RegularFile) {
            self.file = file
            bytes.reserveCapacity(2 * bufferBytes)
        }

        mutating func append(_ more: some Collection<UInt8>) throws(CassIndexError) {
            bytes += more
            if bytes.count >= bufferBytes { try flush() }
        }

        mutating func flush() throws(CassIndexError) {
            try file.write(bytes, at: offset)
            offset += bytes.count
            bytes.removeAll(keepingCapacity: true)
        }
    }
}
