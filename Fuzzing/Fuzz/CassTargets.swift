// SPDX-License-Identifier: Apache-2.0
//
// What cass leaves: its messages, and its files of vectors.

@testable import CassIndex

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension FuzzTarget {
    /// A message. What is embedded of it is one line of at most 2000 scalars.
    static let message = FuzzTarget(name: "message") {
        [
            "# Title\n\n> - **bold** _it_ `code` [a [b] c](http://x/(y)) e\u{301}\n\n1. one\r\n- two\n",
            "```rust\nfn main() {}\n```\n````\n" + String(repeating: "x\n", count: 40), "Thank you.", "ΑΣ ΑΣΑ",
        ].map { Array($0.utf8) }
    } run: { input in
        let text = CanonicalText.of(String(decoding: input, as: UTF8.self))
        check(text.unicodeScalars.count <= CanonicalText.maximumLength, "a long text")
        check(
            !text.unicodeScalars.contains { $0 != " " && $0.isWhitespace } && !text.hasPrefix(" "), "no line: \(text)")
        let length = HashEmbedder().vectors(of: [text]).reduce(0) { $0 + $1 * $1 }
        check(length == 0 || abs(length - 1) < 1e-3, "a vector of length \(length)")
        return true
    }

    /// A file of vectors. One that is understood is the same when it is written again, but for its removed rows.
    static let vectorFile = FuzzTarget(name: "vector-file") {
        let names = ["m|1|0|3|0|1|0|1002", "m|2|0|3|0|1|1|-5"]
        let head = VectorFileHead(
            embedder: "fnv1a-384", revision: "1.0", dimensions: 384, generation: 1, rows: 0, vectorsOffset: 64)
        let encoded = head.encoded()
        let zeros = folder + "/zeros"
        writeFile(zeros, [UInt8](repeating: 0, count: 768))
        guard let file = try? RegularFile.open(zeros),
            write(names.map { VectorFileWriter.Row($0, VectorPlace(file: file, offset: 0)) }, generation: 1)
        else { return [] }
        return [encoded + [UInt8](repeating: 0, count: 64 - encoded.count), readFile(written) ?? []]
    } run: { input in
        let path = folder + "/input.fsvi"
        writeFile(path, input)
        guard let file = try? VectorFile(path, of: .hash) else { return true }
        let rows = file.rows.map { VectorFileWriter.Row($0.name, $0.place) }
        // Vectors that are no numbers are not copied.
        guard write(rows, generation: file.head.generation) else { return true }
        let again = try? VectorFile(written, of: .hash)
        let names = rows.sorted(by: VectorFileWriter.Row.isOrdered).map(\.name)
        check(again?.rows.map(\.name) == names, "\(names) become \(again?.rows.map(\.name) ?? [])")
        return true
    }

    /// A log of changes, which is read as far as it is whole.
    static let vectorLog = FuzzTarget(name: "vector-log") {
        let path = folder + "/seed.log"
        unlink(path)
        guard let file = try? RegularFile.create(path), var log = try? VectorLog(beginning: file, generation: 2) else {
            return []
        }
        try? log.append(["m|1|0|3|0|1|0|1002"], [Float](repeating: 0.5, count: 384))
        return [readFile(path) ?? []]
    } run: { input in
        let path = folder + "/input.log"
        writeFile(path, input)
        guard let file = try? RegularFile.open(path), let log = try? VectorLog(reading: file) else { return true }
        check(log.length <= input.count && log.rows.count * 768 <= log.length, "\(log.rows.count) rows")
        return true
    }

    private static let folder = variable("HEARTH_FUZZ_FOLDER") ?? "/tmp"
    private static let written = folder + "/written.fsvi"

    /// Writes a file of vectors anew.
    private static func write(_ rows: [VectorFileWriter.Row], generation: UInt8) -> Bool {
        unlink(written)
        guard let file = try? RegularFile.create(written) else { return false }
        let rows = rows.sorted(by: VectorFileWriter.Row.isOrdered)
        return (try? VectorFileWriter.write(rows, of: .hash, generation: generation, to: file)) != nil
    }
}
