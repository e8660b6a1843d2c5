// SPDX-License-Identifier: Apache-2.0
//
// The index that is there before a pass, with cass's own changes to it.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct PublishedIndex {
    private let place: IndexPlace
    private let file: VectorFile?
    private let logIdentity: FileIdentity?
    /// Those of the file, then those of the log.
    let rows: [VectorFile.Row]
    /// Whether cass would find just these rows in the file, without a log and without gaps.
    let isTidy: Bool

    /// - Throws: where there is something that Hearth may not write to, or does not understand to the end.
    init(_ place: IndexPlace) throws(CassIndexError) {
        self.place = place
        try place.checkCompanions()
        file = try VectorFile(place.file, of: place.embedder)
        let log = try RegularFile.open(place.log)
        logIdentity = try log?.identity()
        guard let file else {
            guard log == nil else {
                throw CassIndexError(
                    "there is '\(place.log)', but not the index that it belongs to; it is left as it is")
            }
            rows = []
            isTidy = false
            return
        }
        rows = file.rows + (try log.map { (log) throws(CassIndexError) in try Self.rows(of: log, behind: file) } ?? [])
        isTidy = log == nil && !file.hasRemovedRows
        for row in rows {
            guard let name = DocumentID(row.name), name.chunk == 0 else {
                throw CassIndexError(
                    "'\(place.file)' has the row '\(row.name)', which is not known here; it is left as it is")
            }
        }
    }

    private static func rows(of log: RegularFile, behind file: VectorFile) throws(CassIndexError) -> [VectorFile.Row] {
        guard let contents = try VectorLog(reading: log), contents.length == (try log.identity().size) else {
            throw CassIndexError("'\(log.path)', cass's log of changes, is damaged; the index is left as it is")
        }
        let expected = VectorFileHead.generation(after: file.head.generation)
        // One of another generation was left behind when the file was written anew. 0 is that of the first files.
        let isCurrent = contents.generation == 0 ? file.head.generation == 0 : contents.generation == expected
        return isCurrent ? contents.rows : []
    }

    /// Replaces the index, or makes it. Readers see the old one or the new one, whole.
    /// - Parameter rows: in any order.
    func replace(with rows: [VectorFileWriter.Row]) throws(CassIndexError) {
        unlink(place.next)
        let next = try RegularFile.create(place.next)
        do throws(CassIndexError) {
            if let file { try next.setPermissions(file.permissions) }
            let generation = file.map { VectorFileHead.generation(after: $0.head.generation) } ?? 1
            try VectorFileWriter.write(
                rows.sorted(by: VectorFileWriter.Row.isOrdered), of: place.embedder, generation: generation, to: next)
            guard FileIdentity(of: place.file) == file?.identity, FileIdentity(of: place.log) == logIdentity else {
                throw CassIndexError("'\(place.file)' was changed meanwhile; it is left as it is")
            }
            guard rename(place.next, place.file) == 0 else { throw CassIndexError.system("rename", place.next) }
        } catch {
            unlink(place.next)
            throw error
        }
        try Folders.sync(place.folder)
        // Its rows are in the file. Where this is not reached, the file's new generation says so.
        if logIdentity != nil { unlink(place.log) }
    }
}
