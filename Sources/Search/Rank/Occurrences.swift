// SPDX-License-Identifier: Apache-2.0
//
// Where terms occur, read from the full-text index (https://www.sqlite.org/fts5.html).

import GRDB
import GRDBSQLite

// GRDB reads blobs as Data only.
import struct Foundation.Data

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One occurrence of a term: in which chunk, and in which column of it.
struct Occurrence {
    let chunk: Int64
    let column: TextColumn
}

enum TextColumn {
    case path, symbol, text

    var weight: Float {
        switch self {
        case .path: Ranking.pathWeight
        case .symbol: Ranking.symbolWeight
        case .text: Ranking.textWeight
        }
    }
}

/// How often a term occurs in a chunk, weighted by where.
struct TermChunk {
    let chunk: Int64
    /// In path and symbol.
    var names: Float = 0
    var text: Float = 0

    mutating func add(_ column: TextColumn) {
        if column == .text { text += column.weight } else { names += column.weight }
    }
}

// Both columns of a row in one step, without a `Row`: there are tens of thousands of them to a query.
extension Occurrence: DatabaseValueConvertible, StatementColumnConvertible {
    init?(sqliteStatement: SQLiteStatement, index: CInt) {
        chunk = sqlite3_column_int64(sqliteStatement, index)
        guard let name = sqlite3_column_text(sqliteStatement, index + 1) else { return nil }
        column = name[0] == UInt8(ascii: "t") ? .text : name[0] == UInt8(ascii: "s") ? .symbol : .path
    }

    var databaseValue: DatabaseValue { chunk.databaseValue }
    static func fromDatabaseValue(_ value: DatabaseValue) -> Occurrence? { nil }
}

/// A chunk and what is known of its score.
struct ScoredChunk {
    let chunk: Int64
    var score: Float

    /// Whether `a` comes before `b`.
    static func isBetter(_ a: ScoredChunk, _ b: ScoredChunk) -> Bool {
        (a.score, b.chunk) > (b.score, a.chunk)
    }
}

struct TextIndex {
    let database: Database
    let statistics: TextStatistics

    /// In how many chunks a term occurs: counted up to a number, beyond that estimated from how densely it occurs at
    /// several places of the index.
    func frequency(of term: String) throws -> Int {
        let limit = Ranking.countedChunks
        let statement = try database.cachedStatement(
            sql: "SELECT rowid FROM documents WHERE documents MATCH ? AND rowid >= ? LIMIT ?")
        func chunks(from first: Int64) throws -> (count: Int, last: Int64) {
            var count = 0
            var last = first
            let cursor = try Int64.fetchCursor(statement, arguments: [Self.quoted(term), first, limit])
            while let chunk = try cursor.next() { (count, last) = (count + 1, chunk) }
            return (count, last)
        }
        var seen = try chunks(from: 0)
        if seen.count < limit { return seen.count }
        var span = seen.last - statistics.firstChunk + 1
        for part: Int64 in 1...3 {
            let first = statistics.firstChunk + (statistics.lastChunk - statistics.firstChunk) / 4 * part
            if first <= seen.last { continue }
            let more = try chunks(from: first)
            seen.count += more.count
            span += (more.count < limit ? statistics.lastChunk : more.last) - first + 1
            seen.last = more.last
        }
        let density = Double(seen.count) / Double(max(span, 1))
        let estimate = density * Double(statistics.lastChunk - statistics.firstChunk + 1)
        return min(statistics.chunks, max(seen.count, Int(estimate)))
    }

    /// The chunks of up to `limit` occurrences of a term, in the order of chunks.
    func chunks(of term: String, limit: Int) throws -> [TermChunk] {
        let statement = try database.cachedStatement(sql: "SELECT doc, col FROM occurrences WHERE term = ? LIMIT ?")
        let cursor = try Occurrence.fetchCursor(statement, arguments: [term, limit])
        var chunks: [TermChunk] = []
        while let occurrence = try cursor.next() {
            if chunks.last?.chunk != occurrence.chunk { chunks.append(TermChunk(chunk: occurrence.chunk)) }
            chunks[chunks.count - 1].add(occurrence.column)
        }
        return chunks
    }

    /// How many terms the text of a chunk has, from what FTS5 keeps in `documents_docsize`: one number for each column,
    /// in the format of `TextStatistics`.
    func length(of chunk: Int64) throws -> Int {
        let sizes = try Data.fetchOne(
            database.cachedStatement(sql: "SELECT sz FROM documents_docsize WHERE id = ?"), arguments: [chunk])
        let numbers = TextStatistics.numbers(sizes ?? Data())
        return numbers.count == 3 ? numbers[2] : 0
    }

    /// Chunks of a range in which all terms occur, in the order of chunks; only in some columns where these are named.
    func chunks(
        ofAll terms: [String], in columns: String? = nil, range: ClosedRange<Int64> = 0...Int64.max, limit: Int
    ) throws -> [Int64] {
        let words = terms.map(Self.quoted).joined(separator: " AND ")
        return try Int64.fetchAll(
            database.cachedStatement(
                sql: "SELECT rowid FROM documents WHERE documents MATCH ? AND rowid BETWEEN ? AND ? LIMIT ?"),
            arguments: [
                columns.map { "{\($0)} : (\(words))" } ?? words, range.lowerBound, range.upperBound, limit,
            ])
    }

    /// Terms consist of letters and digits, and have no quotation marks.
    private static func quoted(_ term: String) -> String { "\"\(term)\"" }
}

/// What BM25 must know of all texts.
struct TextStatistics: Sendable {
    /// How many chunks there are.
    let chunks: Int
    /// Terms of a text on average.
    let averageLength: Float
    let firstChunk: Int64
    let lastChunk: Int64

    /// From the record with id 1 that FTS5 keeps in `documents_data`: numbers of 7 bits to a byte, most significant first,
    /// of which the first counts rows and the others count terms, one for each column.
    init(_ database: Database) throws {
        firstChunk = try Int64.fetchOne(database, sql: "SELECT min(id) FROM chunks") ?? 0
        lastChunk = try Int64.fetchOne(database, sql: "SELECT max(id) FROM chunks") ?? 0
        let record = try Data.fetchOne(database, sql: "SELECT block FROM documents_data WHERE id = 1")
        let numbers = Self.numbers(record ?? Data())
        chunks = numbers.first ?? 0
        averageLength = numbers.count == 4 && chunks > 0 ? max(1, Float(numbers[3]) / Float(chunks)) : 1
    }

    static func numbers(_ bytes: Data) -> [Int] {
        var numbers: [Int] = []
        var number = 0
        for byte in bytes {
            number = (number & (Int.max >> 7)) << 7 | Int(byte & 0x7F)
            if byte & 0x80 == 0 {
                numbers.append(number)
                number = 0
            }
        }
        return numbers
    }

    /// By how much a text of so many terms is longer than others, tempered.
    func norm(ofLength length: Int) -> Float {
        1 - Ranking.lengthNormalization + Ranking.lengthNormalization * Float(length) / averageLength
    }

    /// What a term that occurs in so many chunks tells.
    func weight(ofFrequency frequency: Int) -> Float {
        let rest = Double(max(0, chunks - frequency))
        return Float(log(1 + (rest + 0.5) / (Double(frequency) + 0.5)))
    }
}
