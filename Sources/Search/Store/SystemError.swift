// SPDX-License-Identifier: Apache-2.0
//
// Errors of the operating system and of SQLite, said in words of this module.

import GRDB

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension SearchError {
    /// The error of a system call, from `errno`.
    static func system(_ action: String, _ path: String, _ number: Int32 = errno) -> SearchError {
        let reason = String(cString: strerror(number))
        let message = "could not \(action) '\(path)': \(reason)"
        switch number {
        case ENOSPC, EDQUOT, EFBIG:
            return SearchError(
                .noSpace, "\(message); free some space and sync again, the index goes on from where it is")
        case ENOENT, ENOTDIR: return SearchError(.notFound, message)
        default: return SearchError(.fileSystem, message)
        }
    }

    /// Any error of work on the database at `path`, as one of this module.
    static func of(_ error: any Error, database path: String) -> SearchError {
        if let error = error as? SearchError { return error }
        if error is CancellationError { return cancelled }
        guard let error = error as? DatabaseError else {
            // What is left are values of other types than the tables have.
            return SearchError(.damaged, "the index '\(path)' is damaged; remove it and sync the folder again")
        }
        let reason = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_FULL:
            return SearchError(
                .noSpace,
                "no space left for the index '\(path)'; free some and sync again, it goes on from where it is")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return SearchError(
                .damaged, "the index '\(path)' is damaged (\(reason)); remove it and sync the folder again")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return SearchError(.busy, "the index '\(path)' is in use by another process; try again")
        case .SQLITE_IOERR where errno == EFBIG || errno == ENOSPC || errno == EDQUOT:
            return system("write", path)
        default:
            return SearchError(.fileSystem, "could not use the index '\(path)': \(reason)")
        }
    }

    static let cancelled = SearchError(.cancelled, "cancelled; the index is kept and goes on from where it is")
}

/// Runs work on the database at `path` and says its errors in words of this module.
func inDatabase<Value>(_ path: String, _ body: () throws -> Value) throws(SearchError) -> Value {
    do {
        return try body()
    } catch {
        throw SearchError.of(error, database: path)
    }
}
