// SPDX-License-Identifier: Apache-2.0
//
// The vectors of a pass that is not finished: what ends it, the next one goes
// on from here. While it is open, nobody else works on the index.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct WorkLog {
    private let file: RegularFile
    private var log: VectorLog

    /// - Throws: where another process is at work.
    init(_ path: String) throws(CassIndexError) {
        file = try RegularFile.locked(path)
        if let log = try VectorLog(reading: file) {
            // What was being written when its process ended.
            try file.truncate(to: log.length)
            self.log = log
        } else {
            try file.truncate(to: 0)
            log = try VectorLog(beginning: file, generation: 0)
        }
    }

    var rows: [VectorFile.Row] { log.rows }

    /// - Returns: where the vectors stand now.
    mutating func append(_ names: [String], _ vectors: [Float]) throws(CassIndexError) -> [VectorPlace] {
        try log.append(names, vectors)
        return log.rows.suffix(names.count).map(\.place)
    }

    /// The pass is finished.
    func remove() { unlink(file.path) }
}
