// SPDX-License-Identifier: Apache-2.0
//
// SentencePiece's replacement rules, which its models hold in compiled form: a
// double array trie of what is replaced, and the replacements.

struct PrecompiledNormalizer: Sendable {
    private let trie: [UInt32]
    /// The replacements, each with a zero at its end.
    private let replacements: [UInt8]
    /// Whether each ASCII character stays as it is.
    private var keepsASCII = [Bool](repeating: true, count: 0x80)

    /// - Parameter rules: the size of the trie in bytes, the trie and the replacements. Numbers are little-endian.
    init(_ rules: [UInt8]) throws(TokenizerError) {
        func number(_ index: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(rules[index + $1]) << UInt32(8 * $1) }
        }
        guard rules.count >= 4, case let size = Int(number(0)), size >= 4, size % 4 == 0, size <= rules.count - 4 else {
            throw .malformed("the normalizer's precompiled_charsmap is cut off")
        }
        trie = (0..<size / 4).map { number(4 + $0 * 4) }
        replacements = Array(rules[(4 + size)...])
        guard String(validating: replacements, as: UTF8.self) != nil else {
            throw .malformed("the normalizer's precompiled_charsmap has replacements that are not UTF-8")
        }
        for byte: UInt8 in 0..<0x80 { keepsASCII[Int(byte)] = replacement([byte], 0..<1) == nil }
    }

    /// Replaces each grapheme cluster of less than six bytes by what its beginning maps to, and else each scalar.
    ///
    /// That a short cluster is replaced as a whole although only its beginning is a rule is what the reference does.
    func normalize(_ source: NormalizedText, _ range: Range<Int>, into output: inout NormalizedText) {
        output.reserveCapacity(range.count + 16)
        var writer = Writer(source, range)
        var clusters = GraphemeClusters(source.bytes, range)
        while let cluster = clusters.next() {
            if cluster.count == 1, case let byte = source.bytes[cluster.lowerBound], keepsASCII[Int(byte)] {
                writer.append(UInt32(byte), change: 0, to: &output)
                continue
            }
            if cluster.count < 6, let replacement = replacement(source.bytes, cluster) {
                writer.append(replacements, replacement, replacing: source.bytes.scalarCount(in: cluster), to: &output)
                continue
            }
            var index = cluster.lowerBound
            while index < cluster.upperBound {
                let (scalar, length) = source.bytes.scalar(at: index)
                if let replacement = replacement(source.bytes, index..<index + length) {
                    writer.append(replacements, replacement, replacing: 1, to: &output)
                } else {
                    writer.append(scalar, change: 0, to: &output)
                }
                index += length
            }
        }
        writer.flush(to: &output)
    }

    /// What the shortest rule that a text begins with maps to.
    private func replacement(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int>? {
        var node = Self.offset(trie[0])
        for index in range {
            let byte = bytes[index]
            node ^= Int(byte)
            guard byte != 0, node < trie.count, case let unit = trie[node], unit & 0x8000_00FF == UInt32(byte) else {
                return nil
            }
            node ^= Self.offset(unit)
            guard unit & 0x100 != 0 else { continue }
            guard node < trie.count, case let start = Int(trie[node] & 0x7FFF_FFFF), start < replacements.count,
                !replacements.isContinuation(at: start)
            else { return nil }
            let end = replacements[start...].firstIndex(of: 0) ?? replacements.count
            return start..<end
        }
        return nil
    }

    private static func offset(_ unit: UInt32) -> Int {
        Int((unit >> 10) << ((unit & 0x200) >> 6))
    }

    /// Holds the last scalar back, since it may turn out to stand for more of the source.
    private struct Writer {
        private var realignment: Realignment
        private var last: (scalar: UInt32, change: Int)?

        init(_ source: NormalizedText, _ range: Range<Int>) {
            realignment = Realignment(source, range)
        }

        mutating func append(_ scalar: UInt32, change: Int, to output: inout NormalizedText) {
            flush(to: &output)
            last = (scalar, change)
        }

        mutating func append(
            _ bytes: [UInt8], _ range: Range<Int>, replacing count: Int, to output: inout NormalizedText
        ) {
            let added = bytes.scalarCount(in: range) - count
            var left = added + count
            var index = range.lowerBound
            while index < range.upperBound {
                let (scalar, length) = bytes.scalar(at: index)
                append(scalar, change: left <= added ? 1 : 0, to: &output)
                left -= 1
                index += length
            }
            if added < 0 { last?.change += added }
        }

        mutating func flush(to output: inout NormalizedText) {
            if let last { realignment.append(last.scalar, change: last.change, to: &output) }
            last = nil
        }
    }
}
