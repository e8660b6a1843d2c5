// SPDX-License-Identifier: Apache-2.0
//
// The texts that a space has no vectors of, as batches of about equal length.

import Threads

struct TextSource {
    private let writer: IndexWriter
    private let space: StoredSpace
    private let limits: SyncEmbedder.Limits
    private let window: Int
    /// Contents that are known to be missing and were not read yet.
    private var contents: ArraySlice<Int64> = []
    /// The last content that was looked at.
    private var last: Int64 = 0
    private var batches: ArraySlice<[MissingText]> = []
    /// Whether there may be more than was found.
    private var mayHaveMore = true
    /// Texts that were found so far.
    private(set) var known = 0

    init(writer: IndexWriter, space: StoredSpace, limits: SyncEmbedder.Limits, window: Int) {
        self.writer = writer
        self.space = space
        self.limits = limits
        self.window = window
    }

    /// Says that new texts may have come.
    mutating func lookAgain() { mayHaveMore = true }

    /// Looks from the beginning, once everything that was given out has its vector.
    /// - Returns: whether there is something that was passed over.
    mutating func restart() async throws(SearchError) -> Bool {
        last = 0
        try await find()
        return !contents.isEmpty
    }

    /// The next batch; nil when there is none for now.
    mutating func next() async throws(SearchError) -> [MissingText]? {
        if batches.isEmpty {
            if contents.isEmpty, mayHaveMore { try await find() }
            if contents.isEmpty { return nil }
            let part = Array(contents.prefix(window))
            contents = contents.dropFirst(window)
            batches = cut(try await read(part))[...]
        }
        return batches.popFirst()
    }

    private mutating func find() async throws(SearchError) {
        let (writer, space, last) = (writer, space, last)
        contents = try await onOwnThread(named: "index") { () throws(SearchError) in
            try writer.missing(in: space, after: last)
        }[...]
        self.last = contents.last ?? last
        known += contents.count
        mayHaveMore = false
    }

    private func read(_ contents: [Int64]) async throws(SearchError) -> [MissingText] {
        let writer = writer
        return try await onOwnThread(named: "index") { () throws(SearchError) in try writer.texts(of: contents) }
    }

    private func cut(_ texts: [MissingText]) -> [[MissingText]] {
        var batches: [[MissingText]] = []
        var batch: [MissingText] = []
        var bytes = 0
        let lengths = texts.map { $0.text.utf8.count }
        for index in texts.indices.sorted(by: { (lengths[$0], $1) > (lengths[$1], $0) }) {
            if !batch.isEmpty, batch.count >= limits.texts || bytes + lengths[index] > limits.bytes {
                batches.append(batch)
                batch = []
                bytes = 0
            }
            batch.append(texts[index])
            bytes += lengths[index]
        }
        if !batch.isEmpty { batches.append(batch) }
        return batches
    }
}
