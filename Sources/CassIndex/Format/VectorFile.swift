// SPDX-License-Identifier: Apache-2.0
//
// A file of vectors that is there. It is read to the last byte of its tables,
// and anything that is not as expected is a reason to leave it alone.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A row of vectors, wherever it stands.
struct VectorPlace {
    var file: RegularFile
    var offset: Int
}

struct VectorFile {
    struct Row {
        var name: String
        var place: VectorPlace
    }

    let head: VectorFileHead
    let identity: FileIdentity
    let permissions: mode_t
    /// Without those that were removed.
    let rows: [Row]
    /// Whether rows were removed that still take space.
    let hasRemovedRows: Bool

    /// - Returns: nil where there is no file.
    /// - Throws: where the file is not one that `embedder` is to continue.
    init?(_ path: String, of embedder: IndexEmbedder) throws(CassIndexError) {
        guard let file = try RegularFile.open(path) else { return nil }
        do throws(VectorFileHead.Problem) {
            let contents = try Self.contents(of: file, embedder)
            head = contents.head
            identity = contents.identity
            permissions = file.permissions
            rows = contents.rows
            hasRemovedRows = rows.count < head.rows
        } catch {
            throw CassIndexError("'\(path)' \(error.message); it is left as it is")
        }
    }

    private typealias Problem = VectorFileHead.Problem

    private static func contents(
        of file: RegularFile, _ embedder: IndexEmbedder
    ) throws(Problem) -> (head: VectorFileHead, identity: FileIdentity, rows: [Row]) {
        let identity = try known { () throws(CassIndexError) in try file.identity() }
        let beginning = try bytes(of: file, 0..<min(identity.size, VectorFileHead.maximumBytes))
        let (head, length) = try VectorFileHead.parse(beginning)
        try check(head, embedder)
        let tables = head.rows.multipliedReportingOverflow(by: VectorFileHead.rowBytes)
        let vectors = head.rows.multipliedReportingOverflow(by: head.vectorBytes)
        guard !tables.overflow, !vectors.overflow, head.vectorsOffset <= identity.size,
            vectors.partialValue == identity.size - head.vectorsOffset,
            head.vectorsOffset % VectorFileHead.alignment == 0, head.vectorsOffset >= length,
            (0...longestNames(head.rows)).contains(head.vectorsOffset - length - tables.partialValue)
        else { throw Problem(message: "does not have the \(identity.size) bytes that its head speaks of") }
        let rows = try rows(
            try bytes(of: file, length..<head.vectorsOffset), tables.partialValue, head, file)
        return (head, identity, rows)
    }

    /// Bytes of the names at most, with what fills up behind them.
    private static func longestNames(_ rows: Int) -> Int { rows * Int(UInt16.max) + VectorFileHead.alignment }

    private static func check(_ head: VectorFileHead, _ embedder: IndexEmbedder) throws(Problem) {
        guard head.embedder == embedder.id, head.revision == IndexEmbedder.revision else {
            throw Problem(
                message: "holds vectors of '\(head.embedder)' of revision '\(head.revision)', "
                    + "not of '\(embedder.id)' of revision '\(IndexEmbedder.revision)'")
        }
        guard head.dimensions == IndexEmbedder.dimensions, head.quantization == VectorFileHead.float16 else {
            throw Problem(
                message: "holds vectors of \(head.dimensions) dimensions and kind \(head.quantization), "
                    + "not of \(IndexEmbedder.dimensions) and kind \(VectorFileHead.float16)")
        }
    }

    /// - Parameter tables: the rows in `size` bytes, then the names.
    private static func rows(
        _ tables: [UInt8], _ size: Int, _ head: VectorFileHead, _ file: RegularFile
    ) throws(Problem) -> [Row] {
        var reader = ByteReader(tables)
        var rows: [Row] = []
        for index in 0..<head.rows {
            guard let hash = reader.integer(UInt64.self), let start = reader.integer(UInt32.self),
                let count = reader.integer(UInt16.self), let flags = reader.integer(UInt16.self),
                Int(start) + Int(count) <= tables.count - size, flags & ~VectorFileHead.removed == 0
            else { throw Problem(message: "has a damaged row \(index)") }
            let bytes = tables[(size + Int(start))...].prefix(Int(count))
            guard FNV1a.hash(bytes) == hash, let name = String(validating: bytes, as: UTF8.self) else {
                throw Problem(message: "has a damaged name in row \(index)")
            }
            if flags & VectorFileHead.removed != 0 { continue }
            let place = VectorPlace(file: file, offset: head.vectorsOffset + index * head.vectorBytes)
            rows.append(Row(name: name, place: place))
        }
        return rows
    }

    private static func bytes(of file: RegularFile, _ range: Range<Int>) throws(Problem) -> [UInt8] {
        try known { () throws(CassIndexError) in try file.bytes(range) }
    }

    private static func known<Value>(_ body: () throws(CassIndexError) -> Value) throws(Problem) -> Value {
        do throws(CassIndexError) {
            return try body()
        } catch {
            throw Problem(message: "cannot be read: \(error.message)")
        }
    }
}
