// SPDX-License-Identifier: Apache-2.0
//
// What the packed weights of a model consist of, and where each piece stands.

internal import CKernels

/// Lays out matrices, in the kernels' own format, and vectors of float32 one after another.
struct PackingPlan {
    struct Item {
        enum Content: CustomStringConvertible {
            case matrix(rows: Int, columns: Int)
            /// Every value with something added.
            case vector(plus: Float)

            var description: String {
                switch self {
                case .matrix(let rows, let columns): "matrix \(rows) × \(columns)"
                case .vector(plus: 0): "vector"
                case .vector(let offset): "vector plus \(offset)"
                }
            }
        }
        var content: Content
        /// Tensors stacked in this order.
        var sources: [TensorSource]
        /// In bytes from the start of the packed weights.
        var offset: Int
        var size: Int
    }

    struct LinearSlot: Sendable {
        var rows: Int
        var columns: Int
        var matrix: Int
        var bias: Int?
    }

    struct NormSlot: Sendable {
        var kind: NormSource.Kind
        var size: Int
        var gain: Int
        var bias: Int?
        var epsilon: Float
    }

    let kernels: Kernels
    let precision: Precision
    private(set) var items: [Item] = []
    /// What is not packed but read where it is.
    private var tables: [Tensor] = []
    /// Bytes of all items.
    private(set) var size = 0

    /// What the kernels ask of a matrix's address; a cache line everywhere.
    private static let alignment = 64

    init(kernels: Kernels, precision: Precision) {
        self.kernels = kernels
        self.precision = precision
    }

    mutating func add(_ table: Tensor) -> Tensor {
        tables.append(table)
        return table
    }

    mutating func add(_ linear: LinearSource) -> LinearSlot {
        let size = kernels.table.pointee.packed_size(
            precision.kernel, Int32(linear.rows), Int32(linear.columns))
        return LinearSlot(
            rows: linear.rows, columns: linear.columns,
            matrix: add(.matrix(rows: linear.rows, columns: linear.columns), linear.weights, size: size),
            bias: linear.biases.isEmpty ? nil : addVector(linear.biases, count: linear.rows))
    }

    mutating func add(_ norm: NormSource) -> NormSlot {
        let count = norm.gain.shape[0]
        return NormSlot(
            kind: norm.kind, size: count, gain: addVector([norm.gain], count: count, plus: norm.gainOffset),
            bias: norm.bias.map { addVector([$0], count: count) }, epsilon: norm.epsilon)
    }

    private mutating func addVector(_ sources: [TensorSource], count: Int, plus offset: Float = 0) -> Int {
        add(.vector(plus: offset), sources, size: count * MemoryLayout<Float>.stride)
    }

    private mutating func add(_ content: Item.Content, _ sources: [TensorSource], size: Int) -> Int {
        let offset = self.size
        items.append(Item(content: content, sources: sources, offset: offset, size: size))
        self.size = (offset + size + Self.alignment - 1) / Self.alignment * Self.alignment
        return offset
    }
}

extension PackingPlan {
    /// Looks for all tensors, before any memory is taken for a size that only a configuration file claims.
    /// - Throws: `.tensorMissing`, `.tensorShape`, or `.unsupported` for an element type.
    func check(_ weights: WeightFiles) throws(ModelError) {
        for item in items {
            for source in item.sources { _ = try weights.tensor(source) }
        }
    }

    /// Packs every item and hands it over, in order, telling how many bytes are done. Looks at the tables too.
    /// - Throws: `.notFinite` for NaN and infinity, and what `check` and `store` throw.
    func packAll(
        from weights: WeightFiles, progress: (Int) -> Void,
        store: (Item, UnsafeRawBufferPointer) throws(ModelError) -> Void
    ) throws(ModelError) {
        for table in tables where !table.isFinite() { throw .notFinite(table) }
        let staging = try Pages(count: stagingCount * MemoryLayout<Float>.stride)
        let packed = try Pages(count: items.map(\.size).max() ?? 0)
        for item in items {
            let floats = staging.bytes.assumingMemoryBound(to: Float.self)
            try gather(item, from: weights, to: floats)
            let result = UnsafeMutableRawBufferPointer(rebasing: packed.bytes[..<item.size])
            switch item.content {
            case .matrix(let rows, let columns):
                kernels.table.pointee.pack(
                    precision.kernel, floats.baseAddress, Int64(columns), Int32(rows), Int32(columns),
                    result.baseAddress)
            case .vector(let offset):
                if offset != 0 {
                    for index in 0..<item.size / MemoryLayout<Float>.stride { floats[index] += offset }
                }
                result.copyMemory(from: UnsafeRawBufferPointer(rebasing: staging.bytes[..<item.size]))
            }
            try store(item, UnsafeRawBufferPointer(result))
            progress(item.offset + item.size)
        }
    }

    /// Brings an item's tensors together as float32.
    private func gather(
        _ item: Item, from weights: WeightFiles, to floats: UnsafeMutableBufferPointer<Float>
    ) throws(ModelError) {
        guard var target = floats.baseAddress else { return }
        for source in item.sources {
            let tensor = try weights.tensor(source)
            let count = source.elements.count
            tensor.copy(source.elements, to: target)
            var check = FiniteCheck()
            for index in 0..<count { check.include(target[index]) }
            guard check.passed else { throw .notFinite(tensor) }
            target += count
        }
    }

    /// Elements of the item with the most.
    private var stagingCount: Int {
        items.map { $0.sources.reduce(0) { $0 + $1.elements.count } }.max() ?? 0
    }
}

extension ModelError {
    static func notFinite(_ tensor: Tensor) -> ModelError {
        ModelError(
            .notFinite, "tensor '\(tensor.name)' contains NaN or infinity; the weights are damaged, fetch them again")
    }
}
