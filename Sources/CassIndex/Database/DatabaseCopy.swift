// SPDX-License-Identifier: Apache-2.0
//
// A copy of cass's database as it was at one moment. The database itself is
// never opened: newer versions of cass write it by an engine that does not
// share the index of the write-ahead log with SQLite, so SQLite must not touch it.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum DatabaseCopy {
    private static let attempts = 6
    /// Clocks of file systems may stand still for so long, and changes meanwhile do not show.
    private static let clockTick = Duration.milliseconds(20)
    /// Of the log, with the numbers that change when it begins anew (https://sqlite.org/fileformat.html, 4.1).
    private static let logHeadBytes = 32
    /// Of a rollback journal that is in use (the same, 3).
    private static let journalMagic: [UInt8] = [0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7]

    /// By which it shows that somebody wrote.
    static func state(of path: String) -> [FileIdentity?] { [FileIdentity(of: path), FileIdentity(of: path + "-wal")] }

    /// Copies a database and its write-ahead log into a folder.
    /// - Parameter pause: between one attempt and the next.
    /// - Returns: the path of the copy.
    /// - Throws: where it is no file, where there is no room, and where it changes all the time.
    static func make(of path: String, in folder: String, pause: Duration) throws(CassIndexError) -> String {
        let copy = folder + "/copy.db"
        for attempt in 0..<attempts {
            if attempt > 0 { sleep(pause * (1 << (attempt - 1))) }
            if try copyOnce(path, to: copy) { return copy }
        }
        throw CassIndexError("'\(path)' was changed each of the \(attempts) times that it was copied; try again later")
    }

    /// - Returns: false where somebody wrote meanwhile.
    private static func copyOnce(_ path: String, to copy: String) throws(CassIndexError) -> Bool {
        guard let database = try RegularFile.open(path) else { throw CassIndexError("there is no database '\(path)'") }
        let log = try RegularFile.open(path + "-wal")
        let before = try State(database, log)
        if wasJustNow(before.database.modified) { return false }
        try checkRoom(for: before.database.size + (before.logSize ?? 0), in: copy)
        try write(database, before.database.size, to: copy)
        if let log, let size = before.logSize { try write(log, size, to: copy + "-wal") } else { unlink(copy + "-wal") }
        let isQuiet = try !hasActiveJournal(path)
        // A log that only grew still has what was copied.
        let after = try State(database, log)
        return isQuiet && before.isFollowed(by: after) && FileIdentity(of: path) == after.database
            && FileIdentity(of: path + "-wal").map { $0.number } == after.logNumber
    }

    private static func wasJustNow(_ time: FileIdentity.Timestamp) -> Bool {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let age = Duration.seconds(now.tv_sec - time.seconds) + .nanoseconds(now.tv_nsec - time.nanoseconds)
        return age < clockTick && age > .zero - clockTick
    }

    private struct State {
        let database: FileIdentity
        let logNumber: UInt64?
        let logSize: Int?
        let logHead: [UInt8]?

        init(_ database: RegularFile, _ log: RegularFile?) throws(CassIndexError) {
            self.database = try database.identity()
            let identity = try log?.identity()
            logNumber = identity?.number
            logSize = identity?.size
            logHead = try log?.bytes(0..<min(DatabaseCopy.logHeadBytes, identity?.size ?? 0))
        }

        func isFollowed(by other: State) -> Bool {
            database == other.database && logNumber == other.logNumber && logHead == other.logHead
                && (logSize ?? 0) <= (other.logSize ?? 0)
        }
    }

    private static func hasActiveJournal(_ path: String) throws(CassIndexError) -> Bool {
        guard let journal = try RegularFile.open(path + "-journal") else { return false }
        var head = [UInt8](repeating: 0, count: journalMagic.count)
        let count = try journal.read(head.count, at: 0, into: &head)
        return count == head.count && head == journalMagic
    }

    private static func checkRoom(for bytes: Int, in copy: String) throws(CassIndexError) {
        let folder = String(copy[..<(copy.lastIndex(of: "/") ?? copy.startIndex)])
        // What an earlier attempt copied is written over.
        let there = [copy, copy + "-wal"].reduce(0) { $0 + (FileIdentity(of: $1)?.size ?? 0) }
        guard let room = Folders.room(in: folder), room + there < bytes else { return }
        throw CassIndexError(
            "no space for a copy of the database: \(bytes) bytes are needed in '\(folder)', \(room) are free")
    }

    private static func write(_ source: RegularFile, _ size: Int, to path: String) throws(CassIndexError) {
        unlink(path)
        let target = try RegularFile.create(path, permissions: 0o600)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset = 0
        while offset < size {
            let count = try source.read(min(buffer.count, size - offset), at: offset, into: &buffer)
            // It became shorter; the comparison will find that.
            if count == 0 { return }
            try target.write(buffer[..<count], at: offset)
            offset += count
        }
    }

    private static func sleep(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        // Cut short by a signal, it tries again a little earlier.
        nanosleep(&time, nil)
    }
}
