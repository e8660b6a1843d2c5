// SPDX-License-Identifier: Apache-2.0
//
// A folder with a database as cass has it, and the passes over it.

import CassIndex
import Foundation
import GRDB
import TestSupport
import Testing

final class CassHome {
    private let folder = TemporaryFolder()
    var path: String { folder.path }
    var database: String { path + "/agent_search.db" }
    var index: String { path + "/data" }
    var scratch: String { path + "/scratch" }
    /// Stays open, so that what it wrote is in the write-ahead log.
    private var queue: DatabaseQueue?

    func file(_ embedder: IndexEmbedder) -> String { "\(index)/vector_index/index-\(embedder.id).fsvi" }

    /// The columns that are read, of those that cass has.
    func execute(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws {
        if queue == nil {
            var configuration = Configuration()
            configuration.journalMode = .wal
            let queue = try DatabaseQueue(path: database, configuration: configuration)
            try queue.write { database in
                try database.execute(
                    sql: """
                        CREATE TABLE IF NOT EXISTS conversations (id INTEGER PRIMARY KEY, agent_id INTEGER,
                            workspace_id INTEGER, source_id TEXT);
                        CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, conversation_id INTEGER,
                            role TEXT, content TEXT, created_at INTEGER);
                        INSERT OR IGNORE INTO conversations VALUES (1, 3, NULL, 'local');
                        """)
            }
            self.queue = queue
        }
        try queue?.write { try $0.execute(sql: sql, arguments: arguments) }
    }

    func insert(_ id: Int, _ content: String) throws {
        try execute("INSERT INTO messages VALUES (?, 1, 'user', ?, ?)", [id, content, 1000 + id])
    }

    /// Puts all that was written into the database itself.
    func closeDatabase() throws {
        try queue?.close()
        queue = nil
    }

    func pass(_ embedder: IndexEmbedder = .miniLM) -> IndexPass {
        IndexPass(
            database: database, index: index, embedder: embedder, scratch: scratch, pause: .milliseconds(1))
    }

    @discardableResult
    func run(_ model: inout TestModel, _ embedder: IndexEmbedder = .miniLM) throws -> IndexPass.Report {
        try pass(embedder).run(&model)
    }

    /// Runs a pass that cannot work, and tells what it says.
    func failure(_ embedder: IndexEmbedder = .miniLM) -> String {
        var model = TestModel()
        do {
            try run(&model, embedder)
            return ""
        } catch {
            return "\(error)"
        }
    }

    func contents(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

    func write(_ bytes: [UInt8], to path: String) throws {
        let folder = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }
}

/// Vectors by which texts can be told apart, and a memory of the texts.
struct TestModel: TextVectors {
    var texts: [String] = []
    /// How many texts it takes before it fails.
    var patience = Int.max

    struct Failure: Error {}

    mutating func vectors(of texts: [String]) throws -> [Float] {
        patience -= texts.count
        if patience < 0 { throw Failure() }
        self.texts += texts
        return texts.flatMap(Self.vector)
    }

    static func vector(of text: String) -> [Float] {
        var vector = [Float](repeating: 0, count: 384)
        vector[text.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF } % 384] = 1
        vector[text.utf8.count % 384] += 0.5
        return vector
    }
}
