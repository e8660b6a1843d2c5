// SPDX-License-Identifier: Apache-2.0
//
// Brings an index of cass's up to date with its database, or makes it. Who
// computes the vectors it does not know.

/// One index of one embedder. Ended at any time and run again, it ends with the same file.
public struct IndexPass {
    public struct Report: Sendable, Hashable {
        /// Messages of the database, at the end.
        public var messages = 0
        /// Vectors that were computed, now or in an attempt that was ended.
        public var computed = 0
        /// Vectors of messages that had not changed.
        public var kept = 0
        /// Rows of messages that are gone or have changed.
        public var removed = 0
        /// Whether the file had to be written.
        public var isWritten = false
        /// Of the index.
        public var path: String
    }

    /// How many messages are done at a time.
    public static let batch = 128
    /// How often it looks for what was written while it was at work. Whoever asked for an index meanwhile relies on it.
    private static let rounds = 3

    private let database: String
    private let place: IndexPlace
    private let scratch: String
    private let pause: Duration

    /// - Parameters:
    ///   - database: cass's; it is only read.
    ///   - index: cass's folder of data; the file is in `vector_index` in it.
    ///   - scratch: a folder for copies of databases.
    ///   - pause: before a database that was changed meanwhile is copied once more; it doubles each time.
    public init(
        database: String, index: String, embedder: IndexEmbedder, scratch: String,
        pause: Duration = .milliseconds(200)
    ) {
        self.database = database
        place = IndexPlace(index, embedder)
        self.scratch = scratch
        self.pause = pause
    }

    /// - Parameters:
    ///   - model: makes the vectors of the index's embedder.
    ///   - notify: hears how many messages are done, of how many.
    /// - Throws: `CassIndexError`, or what the model throws. The index is as it was then.
    public func run(
        _ model: inout some TextVectors, notify: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> Report {
        // Nothing is begun for a database that is not there.
        guard FileIdentity(of: database) != nil else { throw CassIndexError("there is no database '\(database)'") }
        try Folders.make(place.folder, permissions: 0o777)
        var work = try WorkLog(place.work)
        var report = Report(path: place.file)
        do {
            for _ in 0..<Self.rounds {
                let state = DatabaseCopy.state(of: database)
                try update(&report, &work, &model, notify)
                if DatabaseCopy.state(of: database) == state { break }
            }
        } catch {
            if work.rows.isEmpty { work.remove() }
            throw error
        }
        work.remove()
        return report
    }

    private func update(
        _ report: inout Report, _ work: inout WorkLog, _ model: inout some TextVectors, _ notify: (Int, Int) -> Void
    ) throws {
        let published = try PublishedIndex(place)
        let messages = try read()
        report.messages = messages.count
        // Nothing to say of an empty database, as for cass itself: what is there may be of a fuller one.
        if messages.count == 0 { return }
        report.kept = 0
        let rows = try rows(of: messages, published, &work, &model, &report, notify)
        report.removed += Set(published.rows.map(\.name)).subtracting(rows.map(\.name)).count
        if Self.isUnchanged(published, rows) { return }
        try published.replace(with: rows)
        report.isWritten = true
    }

    private func read() throws(CassIndexError) -> MessageDatabase {
        let folder = try ScratchFolder(in: scratch)
        let copy = try DatabaseCopy.make(of: database, in: folder.path, pause: pause)
        return try MessageDatabase(copy: copy, of: database)
    }

    private static func isUnchanged(_ published: PublishedIndex, _ rows: [VectorFileWriter.Row]) -> Bool {
        if rows.isEmpty, published.rows.isEmpty { return true }
        return published.isTidy && published.rows.count == rows.count
            && Set(published.rows.map(\.name)) == Set(rows.map(\.name))
    }

    // MARK: Messages

    /// What a vector is known by: a message with the same text has the same one.
    private struct Content: Hashable {
        let message: UInt64
        let hash: ContentHash

        init?(_ document: DocumentID?) {
            guard let document, let hash = document.content else { return nil }
            message = document.message
            self.hash = hash
        }
    }

    private func rows(
        of messages: MessageDatabase, _ published: PublishedIndex, _ work: inout WorkLog,
        _ model: inout some TextVectors, _ report: inout Report, _ notify: (Int, Int) -> Void
    ) throws -> [VectorFileWriter.Row] {
        let kept = Self.places(published.rows)
        let begun = Self.places(work.rows)
        var rows: [VectorFileWriter.Row] = []
        var pending: [(name: String, text: String)] = []
        var (done, noticed) = (0, 0)
        var last: Int64?

        func compute() throws {
            if !pending.isEmpty {
                let names = pending.map(\.name)
                let vectors = try model.vectors(of: pending.map(\.text))
                try check(vectors, count: names.count)
                rows += zip(names, try work.append(names, vectors)).map(VectorFileWriter.Row.init)
                report.computed += names.count
                pending.removeAll(keepingCapacity: true)
            }
            noticed = done
            notify(done, messages.count)
        }

        notify(0, messages.count)
        try messages.forEachMessage { message in
            done += 1
            // A damaged database may have a number twice.
            if message.id != last, let (id, text) = message.document {
                let content = Content(id)
                if let place = content.flatMap({ kept[$0] }) {
                    rows.append(VectorFileWriter.Row(id.text, place))
                    report.kept += 1
                } else if let place = content.flatMap({ begun[$0] }) {
                    rows.append(VectorFileWriter.Row(id.text, place))
                    report.computed += 1
                } else {
                    pending.append((id.text, text))
                }
            }
            last = message.id
            if pending.count == Self.batch || done - noticed == Self.batch { try compute() }
        }
        try compute()
        return rows
    }

    /// Of equal contents the last one counts: a log goes before its file.
    private static func places(_ rows: [VectorFile.Row]) -> [Content: VectorPlace] {
        Dictionary(rows.compactMap { row in Content(DocumentID(row.name)).map { ($0, row.place) } }) { $1 }
    }

    private func check(_ vectors: [Float], count: Int) throws(CassIndexError) {
        guard vectors.count == count * IndexEmbedder.dimensions, vectors.allSatisfy(\.isFinite) else {
            throw CassIndexError(
                "the model made \(vectors.count) values of \(count) texts, not \(IndexEmbedder.dimensions) finite ones "
                    + "of each")
        }
    }
}
