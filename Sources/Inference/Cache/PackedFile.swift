// SPDX-License-Identifier: Apache-2.0
//
// Packed weights as a file: a header that states all that decides its content,
// then the items where the plan puts them.

/// The header is text, so that `head` shows what a file is. A file counts only if its header is byte for byte the one
/// that would be written now, and its size is right; one of another version, layout or model never is. The instruction sets
/// share their layouts, and so the files.
struct PackedFile {
    let path: String
    private let header: [UInt8]
    private let plan: PackingPlan

    /// Grows with every change of this format.
    private static let version = 1
    /// Headers end at a multiple of this, so that items stay aligned.
    private static let page = 4096

    init(_ plan: PackingPlan, weights: Digest, in cache: InferenceCache) {
        self.plan = plan
        path = cache.path("packed", "\(weights.hex(byteCount: 16))-\(plan.precision.rawValue)")
        var lines = [
            "hearth packed weights \(Self.version)",
            "weights \(weights.hex)",
            "layout \(plan.kernels.layoutVersion) precision \(plan.precision.rawValue)",
            "bytes \(plan.size)",
        ]
        for item in plan.items {
            let names = item.sources.map(\.description).joined(separator: " ")
            lines.append("\(item.content) at \(item.offset) of \(item.size): \(names)")
        }
        var text = Array((lines.joined(separator: "\n") + "\n").utf8)
        text += [UInt8](repeating: UInt8(ascii: "\n"), count: (Self.page - text.count % Self.page) % Self.page)
        header = text
    }

    /// Maps the weights; nil when there are none, or not those that are wanted.
    func open() -> PackedWeights? {
        guard let file = try? MappedFile(path: path), file.bytes.count == header.count + plan.size,
            file.bytes.prefix(header.count).elementsEqual(header)
        else { return nil }
        return PackedWeights(plan, in: file, at: header.count)
    }

    /// Packs the weights and maps the result. Of several processes that do so at once, one does the work.
    /// - Throws: `.unwritable`, and what `PackingPlan.pack` throws.
    func build(from weights: WeightFiles, progress: (Int) -> Void) throws(ModelError) -> PackedWeights {
        try withFileLock(path + ".lock") { () throws(ModelError) in
            if let packed = open() { return packed }
            try write(from: weights, progress: progress)
            guard let packed = open() else { throw ModelError(.unwritable, "\(path) is not what was written to it") }
            return packed
        }
    }

    private func write(from weights: WeightFiles, progress: (Int) -> Void) throws(ModelError) {
        try plan.check(weights)
        let file = try AtomicFile(path: path, temporary: path + ".new")
        try file.resize(to: header.count + plan.size)
        try file.write(header, at: 0)
        try plan.packAll(from: weights, progress: progress) { item, bytes throws(ModelError) in
            try file.write(bytes, at: header.count + item.offset)
        }
        try file.commit()
    }
}
