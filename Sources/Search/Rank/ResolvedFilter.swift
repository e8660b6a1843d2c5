// SPDX-License-Identifier: Apache-2.0
//
// A filter, made ready for one snapshot: as a set of chunks and vectors where it selects few, as a test of what was
// found where it selects many.

import GRDB

/// Chunks and slots as bits.
struct Restriction: Sendable {
    fileprivate(set) var chunks: [UInt64] = []
    fileprivate(set) var slots: [UInt64]

    /// Ranges of chunks, at most so many, that all of the set are in; others may be in them, too.
    func ranges(atMost limit: Int) -> [ClosedRange<Int64>] {
        var gap: Int64 = 64
        while true {
            var ranges: [ClosedRange<Int64>] = []
            for (word, bits) in chunks.enumerated() where bits != 0 {
                let first = Int64(word * 64 + bits.trailingZeroBitCount)
                let last = Int64(word * 64 + 63 - bits.leadingZeroBitCount)
                if let range = ranges.last, first - range.upperBound <= gap {
                    ranges[ranges.count - 1] = range.lowerBound...last
                } else {
                    ranges.append(first...last)
                }
            }
            if ranges.count <= limit { return ranges }
            gap *= 4
        }
    }

    fileprivate static func insert(_ number: Int64, in words: inout [UInt64]) {
        // Ids are dense; the size of a set is bounded for those of a damaged database.
        guard number >= 0, number < 1 << 32 else { return }
        let word = Int(number / 64)
        if word >= words.count { words += [UInt64](repeating: 0, count: word + 1 - words.count) }
        words[word] |= 1 << UInt64(number % 64)
    }
}

final class ResolvedFilter {
    private let database: Database
    private let filter: SearchFilter
    private let semantic: SemanticIndex?
    /// Nil where what was found is tested.
    private(set) var restriction: Restriction?

    init(_ filter: SearchFilter, _ database: Database, _ semantic: SemanticIndex?) throws {
        self.filter = filter
        self.database = database
        self.semantic = semantic
        if !filter.isEmpty { restriction = try resolve(atMost: Ranking.restrictedChunks) }
    }

    /// Whether all that is found is accepted.
    var isApplied: Bool { filter.isEmpty || restriction != nil }

    /// Makes a filter a set although it selects many, because those that were found were not enough.
    func apply() throws {
        if !isApplied { restriction = try resolve(atMost: nil) }
    }

    /// False only for chunks that the filter does not select.
    func mayAccept(_ chunk: Int64) -> Bool {
        guard let words = restriction?.chunks else { return true }
        let word = Int(chunk / 64)
        return chunk >= 0 && word < words.count && words[word] >> UInt64(chunk % 64) & 1 == 1
    }

    func accepts(_ chunk: Int64) throws -> Bool {
        if isApplied { return mayAccept(chunk) }
        let (conditions, arguments) = conditions
        let statement = try database.cachedStatement(
            sql: "SELECT 1 FROM chunks JOIN files ON files.id = chunks.file_id WHERE chunks.id = ? AND \(conditions)")
        return try Int.fetchOne(statement, arguments: [chunk] + arguments) != nil
    }

    /// - Returns: nil where the filter selects more chunks.
    private func resolve(atMost limit: Int?) throws -> Restriction? {
        let (conditions, arguments) = conditions
        let slots = semantic?.vectors.count ?? 0
        var restriction = Restriction(slots: [UInt64](repeating: 0, count: (slots + 63) / 64))
        let rows = try Row.fetchCursor(
            database.cachedStatement(
                sql: """
                    SELECT chunks.id, vectors.slot
                    FROM files CROSS JOIN chunks ON chunks.file_id = files.id
                        LEFT JOIN vectors ON vectors.content_id = chunks.content_id AND vectors.space = ?
                    WHERE \(conditions) LIMIT ?
                    """),
            arguments: [semantic?.stored.key] + arguments + [limit.map { $0 + 1 } ?? -1])
        var count = 0
        while let row = try rows.next() {
            count += 1
            if let limit, count > limit { return nil }
            Restriction.insert(try row.decode(atIndex: 0), in: &restriction.chunks)
            if let slot = try row.decode(Int64?.self, atIndex: 1), slot < slots {
                Restriction.insert(slot, in: &restriction.slots)
            }
        }
        return restriction
    }

    private var conditions: (sql: String, arguments: StatementArguments) {
        var conditions: [String] = []
        var arguments = StatementArguments()
        if let path = filter.path.map(Self.trimmed), !path.isEmpty, path != "." {
            // What is in the folder sorts between "folder/" and "folder0", as "0" follows "/".
            conditions.append("(files.path = ? OR (files.path >= ? AND files.path < ?))")
            arguments += [path, path + "/", path + "0"]
        }
        if !filter.globs.isEmpty {
            let matches = filter.globs.map { _ in "files.path GLOB ? OR files.path GLOB ?" }
            conditions.append("(\(matches.joined(separator: " OR ")))")
            for glob in filter.globs {
                let pattern = glob.split(separator: "**/", omittingEmptySubsequences: false).joined(separator: "*")
                arguments += [pattern, glob.contains("/") ? pattern : "*/" + pattern]
            }
        }
        if !filter.languages.isEmpty {
            conditions.append("lower(files.language) IN (\(filter.languages.map { _ in "?" }.joined(separator: ", ")))")
            arguments += StatementArguments(filter.languages.map { $0.lowercased() })
        }
        return (conditions.isEmpty ? "1" : conditions.joined(separator: " AND "), arguments)
    }

    private static func trimmed(_ path: String) -> String {
        var path = path[...]
        while path.hasPrefix("./") { path.removeFirst(2) }
        while path.hasSuffix("/") { path.removeLast() }
        return String(path)
    }
}
