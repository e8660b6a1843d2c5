// SPDX-License-Identifier: Apache-2.0
//
// The vectors of a space as memory, shared with every process that maps the
// same files. They stay readable after the files were replaced by newer ones.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Maps the committed slots of a space; a later state of the index needs a new object.
public final class MappedVectors: Sendable {
    public let dimensions: Int
    /// Slots, of which some may belong to contents that no chunk has any more.
    public let count: Int
    /// Bytes from one 8-bit row to the next, a multiple of 64; what is beyond `dimensions` is zero.
    public let stride: Int
    private let layout: VectorLayout
    private let scan: Mapping
    private let rows: Mapping

    /// - Throws: `.damaged` or `.notFound` where the files do not hold what the index says.
    init(_ stored: StoredSpace, in folder: IndexFolder) throws(SearchError) {
        layout = VectorLayout(stored.space)
        count = stored.rows
        dimensions = layout.dimensions
        stride = layout.stride
        scan = try Mapping(folder.scan(of: stored.vectorsFile), file: .scan, layout: layout, slots: count)
        rows = try Mapping(folder.rows(of: stored.vectorsFile), file: .rows, layout: layout, slots: count)
    }

    /// How many blocks there are: 64 slots each, the last one perhaps fewer.
    public var blockCount: Int { (count + VectorLayout.blockRows - 1) / VectorLayout.blockRows }

    /// Bytes from the first row of a block to that of the next, and from its scales to those of the next.
    public var blockBytes: Int { layout.blockBytes }

    /// Neighbouring slots, as a scan wants them. The pointers are valid while the `MappedVectors` lives.
    public struct Block {
        /// The first slot.
        public let first: Int
        /// 1 to 64.
        public let count: Int
        /// `count` rows of `stride` bytes, on a cache line each; component = scale × byte.
        public let rows: UnsafePointer<Int8>
        /// One for each row.
        public let scales: UnsafePointer<Float>
    }

    public func block(_ index: Int) -> Block {
        let first = index * VectorLayout.blockRows
        precondition(index >= 0 && first < count)
        return Block(
            first: first, count: min(VectorLayout.blockRows, count - first),
            rows: scan.pointer(at: layout.scanOffset(ofSlot: first)),
            scales: scan.pointer(at: layout.scaleOffset(ofSlot: first)))
    }

    /// The vector of a slot as it was given, `dimensions` components. Valid while the `MappedVectors` lives.
    public func vector(_ slot: Int) -> UnsafeBufferPointer<Float> {
        precondition(slot >= 0 && slot < count)
        return UnsafeBufferPointer(start: rows.pointer(at: layout.rowOffset(ofSlot: slot)), count: dimensions)
    }
}

/// A file with a vector header, mapped as far as its committed slots go.
private final class Mapping: Sendable {
    // Safe to share: set once, and the pages are never written through it.
    nonisolated(unsafe) private let base: UnsafeRawPointer
    private let count: Int

    init(_ path: String, file: VectorLayout.File, layout: VectorLayout, slots: Int) throws(SearchError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("read", path) }
        count = layout.bytes(of: file, slots: slots)
        guard status.st_size >= count else {
            throw .damaged(path, "it has \(status.st_size) bytes and should have \(count)")
        }
        guard let base = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
            throw .system("map", path)
        }
        self.base = UnsafeRawPointer(base)
        guard
            UnsafeRawBufferPointer(start: base, count: VectorLayout.headerBytes).elementsEqual(layout.header(of: file))
        else { throw .damaged(path, "its header is not that of the space") }
    }

    func pointer<Value>(at offset: Int) -> UnsafePointer<Value> {
        (base + offset).assumingMemoryBound(to: Value.self)
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: base), count) }
}

extension SearchError {
    fileprivate static func damaged(_ path: String, _ reason: String) -> SearchError {
        SearchError(
            .damaged,
            "'\(path)' is damaged: \(reason); the next sync embeds its texts again, until then only words are searched")
    }
}
