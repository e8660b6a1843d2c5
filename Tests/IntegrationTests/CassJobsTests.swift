// SPDX-License-Identifier: Apache-2.0
//
// cass's background jobs, as its client asks for them: indexes that are built by
// a process of the daemon's, which may be killed, as may the daemon.

import Foundation
import GRDB
import JSON
import TestSupport
import Testing

@Suite(.enabled(if: TestHome.isPrepared)) struct CassJobsTests {
    /// A home with a database of cass's.
    private func home(messages: Int) throws -> TestHome {
        let home = try TestHome(frontEnds: "cass = true")
        let database = try DatabaseQueue(path: home.cassDatabase)
        try database.write { database in
            try database.execute(
                sql: """
                    CREATE TABLE conversations (id INTEGER PRIMARY KEY, agent_id INTEGER, workspace_id INTEGER,
                        source_id TEXT);
                    CREATE TABLE messages (id INTEGER PRIMARY KEY, conversation_id INTEGER, role TEXT, content TEXT,
                        created_at INTEGER);
                    INSERT INTO conversations VALUES (1, 1, NULL, 'local');
                    """)
            for id in 1...messages {
                try database.execute(
                    sql: "INSERT INTO messages VALUES (?, 1, 'user', ?, ?)",
                    arguments: [id, id % 10 == 0 ? "ok" : "message \(id) about **topic \(id % 7)**", id])
            }
        }
        try database.close()
        try home.start(with: "cass")
        return home
    }

    private func finished(_ home: TestHome, _ database: String? = nil) throws -> [CassRow] {
        var rows: [CassRow] = []
        try wait("the end of the jobs") {
            rows = try home.cassJobs(database)
            return !rows.contains { $0.status == "pending" || $0.status == "running" }
        }
        return rows
    }

    @Test func aDatabaseBecomesTwoIndexes() throws {
        let home = try home(messages: 200)
        let answer = try home.submitToCass(twoTier: true)
        #expect(answer == ["JobSubmitted": ["cass-1", "embedding job submitted"]])
        let rows = try finished(home)
        #expect(rows.map(\.model) == ["minilm", "hash"] && rows[0].id > rows[1].id)
        #expect(rows.allSatisfy { $0.status == "completed" && $0.total == 200 && $0.done == 200 && $0.error == nil })
        for name in ["minilm-384", "fnv1a-384"] {
            let index = [UInt8](try home.index(name))
            #expect(index.starts(with: Array("FSVI".utf8)) && index.count > 180 * 768)
        }
        let jobs = try home.run(["jobs", "--all"]).output
        #expect(jobs.contains("cass-minilm") && jobs.contains("cass-hash"), "\(jobs)")
        // A long text is read to the end of what cass's own engine read: 512 tokens, not the 256 of the repository.
        let words = (0..<900).map { "w\($0 % 10)" }
        let queue = try DatabaseQueue(path: home.cassDatabase)
        try queue.write { database in
            for (id, text) in [words.prefix(200).joined(separator: " "), words.joined(separator: " ")].enumerated() {
                try database.execute(
                    sql: "INSERT INTO messages VALUES (?, 1, 'tool', ?, 0)", arguments: [1000 + id, text])
            }
        }
        try queue.close()
        try home.submitToCass("all-minilm-l6-v2")
        #expect(try finished(home).first?.status == "completed")
        let log = try home.run(["jobs", "logs", "cass-all-minilm-l6-v2"]).output
        #expect(log.contains("2 vectors computed, 180 kept"), "\(log)")
    }

    @Test func whatCannotBeDoneSaysWhy() throws {
        let home = try home(messages: 1)
        let missing = home.path + "/missing.db"
        try home.submitToCass("minilm", database: missing)
        #expect(try finished(home, missing).map(\.error) == ["there is no database '\(missing)'"])
        #expect(!exists(home.cassIndex))
        // A pass that fails does not keep the other from its work.
        try home.submitToCass("nomic-embed", twoTier: true)
        let rows = try finished(home)
        #expect(rows.map(\.status) == ["failed", "completed"])
        #expect(rows[0].error?.hasPrefix("unsupported semantic model 'nomic-embed'") == true)
        let relative = try home.submitToCass("minilm", database: "x.db")
        #expect(relative["Error"]?.array?[0] == "InvalidInput")
        #expect(try home.cancelInCass(nil) == ["JobCancelled": [0, "cancelled 0 job(s)"]])
    }

    @Test func aPassCanBeCancelledAndBegunAgain() throws {
        let home = try home(messages: 300)
        try home.submitToCass("minilm")
        // It is the same one while it is not finished.
        try home.submitToCass("minilm")
        #expect(try home.cassJobs().count == 1)
        #expect(try home.cancelInCass("hash") == ["JobCancelled": [0, "cancelled 0 job(s)"]])
        #expect(try home.cancelInCass("minilm") == ["JobCancelled": [1, "cancelled 1 job(s)"]])
        #expect(try finished(home).map(\.status) == ["cancelled"])
        #expect(!exists(home.cassIndex + "/vector_index/index-minilm-384.fsvi"))
        try home.submitToCass("minilm")
        #expect(try finished(home).map(\.status) == ["completed", "cancelled"])
    }

    @Test func whatIsKilledGoesOnToTheSameBytes() throws {
        let home = try home(messages: 300)
        func hasBegun() throws { try wait("the first vectors") { try home.cassJobs().contains { $0.done >= 128 } } }
        try home.submitToCass("minilm")
        try hasBegun()
        // The process of the pass alone, and then the daemon.
        let processes = try TestHome.run(
            "/usr/bin/pgrep", ["-f", "index-for-cass.*\(home.cassIndex)"], environment: [:]
        ).output.split(separator: "\n").compactMap { pid_t($0) }
        for process in processes { kill(process, SIGKILL) }
        try hasBegun()
        let daemon = try #require(
            try JSONValue(parsing: Array(try home.run(["status", "--json"]).output.utf8))["pid"]?.integer)
        kill(pid_t(daemon), SIGKILL)
        try wait("the end of the daemon") { kill(pid_t(daemon), 0) != 0 }
        try home.start(with: "cass")
        let rows = try finished(home)
        #expect(rows.map(\.status) == ["completed"] && rows.first?.done == 300, "\(rows)")

        let other = home.path + "/other"
        try home.submitToCass("minilm", index: other)
        #expect(try finished(home).map(\.status) == ["completed", "completed"])
        let undisturbed = try Data(contentsOf: URL(fileURLWithPath: other + "/vector_index/index-minilm-384.fsvi"))
        #expect(try home.index("minilm-384") == undisturbed)
        let left = try FileManager.default.contentsOfDirectory(atPath: home.cassIndex + "/vector_index")
        #expect(left == ["index-minilm-384.fsvi"])
    }
}

/// A row of the answer to `EmbeddingJobStatus`.
private struct CassRow {
    var id: Int
    var model: String
    var status: String
    var total: Int
    var done: Int
    var error: String?
}

extension TestHome {
    fileprivate var cassDatabase: String { path + "/agent_search.db" }
    fileprivate var cassIndex: String { path + "/cass-data" }

    fileprivate func index(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(cassIndex)/vector_index/index-\(name).fsvi"))
    }

    /// Asks as cass's client does, over a connection of its own.
    fileprivate func cass(_ variant: String, _ fields: [JSONValue]) throws -> JSONValue {
        let payload =
            [0x81] + Self.packed(.string(variant)) + [0x90 | UInt8(fields.count)] + fields.flatMap(Self.packed)
        let frame = [0x93, 1] + Self.packed("cass-1") + payload
        let connection = try RawConnection(cassSocket)
        connection.send(withUnsafeBytes(of: UInt32(frame.count).bigEndian) { Array($0) } + frame)
        let length = connection.receive(bytes: 4).reduce(0) { $0 << 8 | Int($1) }
        var reader = MessagePack(connection.receive(bytes: length)[...])
        return try #require(try reader.value().array?[2])
    }

    private static func packed(_ value: JSONValue) -> [UInt8] {
        switch value {
        case .bool(let value): [value ? 0xC3 : 0xC2]
        case .string(let text):
            (text.utf8.count < 32 ? [0xA0 | UInt8(text.utf8.count)] : [0xD9, UInt8(text.utf8.count)]) + text.utf8
        default: [0xC0]
        }
    }

    @discardableResult
    fileprivate func submitToCass(
        _ quality: String? = nil, twoTier: Bool = false, database: String? = nil, index: String? = nil
    ) throws -> JSONValue {
        try cass(
            "SubmitEmbeddingJob",
            [
                .string(database ?? cassDatabase), .string(index ?? cassIndex), .bool(twoTier), .null,
                quality.map(JSONValue.string) ?? .null,
            ])
    }

    fileprivate func cancelInCass(_ model: String?) throws -> JSONValue {
        try cass("CancelEmbeddingJob", [.string(cassDatabase), model.map(JSONValue.string) ?? .null])
    }

    /// The newest first.
    fileprivate func cassJobs(_ database: String? = nil) throws -> [CassRow] {
        let answer = try cass("EmbeddingJobStatus", [.string(database ?? cassDatabase)])
        let rows = try #require(answer["JobStatus"]?.array?.first?.array)
        return try rows.map { row in
            let fields = try #require(row.array)
            return CassRow(
                id: try #require(fields[0].integer), model: try #require(fields[1].string),
                status: try #require(fields[2].string), total: try #require(fields[3].integer),
                done: try #require(fields[4].integer), error: fields[5].string)
        }
    }
}
