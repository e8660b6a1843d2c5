// SPDX-License-Identifier: Apache-2.0

import Jobs
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct FileStoreTests {
    private let home = TemporaryFolder()

    private func withStore(limit: Int = 1 << 20, _ body: (FileStore, String) throws -> Void) throws {
        try body(FileStore(root: "\(home.path)/batches", limit: limit), "\(home.path)/batches/files")
    }

    private func add(
        _ text: String, to store: FileStore, name: String = "a.jsonl", lifetime: Int = 100
    ) throws -> KeptFile {
        try store.add(Array(text.utf8)[...], name: name, purpose: .batch, lifetime: lifetime)
    }

    @Test func aFileIsAsItWas() throws {
        try withStore { store, folder in
            let file = try add("hello", to: store, name: "../../etc/passwd")
            #expect(file.bytes == 5 && file.expiresAt == file.createdAt + 100 && file.purpose == .batch)
            #expect(try store.file(file.id) == file && store.files() == [file])
            let content = try store.open(file.id)
            #expect(try content.read(from: 1, limit: 3) == Array("ell".utf8))
            #expect(try content.read(from: 5, limit: 3).isEmpty)
            var status = stat()
            #expect(stat("\(folder)/\(file.id)", &status) == 0 && status.st_mode & 0o777 == 0o600)
            #expect(stat(folder, &status) == 0 && status.st_mode & 0o777 == 0o700)
            #expect(names(in: folder) == [file.id, "\(file.id).json"])
            try store.remove(file.id)
            #expect(names(in: folder).isEmpty)
            // Who reads it is not disturbed.
            #expect(try content.read(from: 0, limit: 9) == Array("hello".utf8))
            #expect(throws: JobsError.self) { try store.remove(file.id) }
        }
    }

    @Test(arguments: ["", "file-", "../files/x", "file-../../x", "file-\(String(repeating: "A", count: 32))"])
    func noOtherNameIsLookedFor(id: String) throws {
        try withStore { store, folder in
            _ = try add("a", to: store)
            let error = #expect(throws: JobsError.self) { try store.file(id) }
            #expect(error?.code == .notFound)
        }
    }

    @Test func whatExpiredIsGone() throws {
        try withStore { store, folder in
            let file = try add("a", to: store, lifetime: 0)
            #expect(throws: JobsError.self) { try store.file(file.id) }
            #expect(store.files().isEmpty && names(in: folder).isEmpty)
        }
    }

    @Test func noMoreIsKeptThanMayBe() throws {
        try withStore(limit: 1000) { store, folder in
            let first = try add(String(repeating: "a", count: 600), to: store)
            let error = #expect(throws: JobsError.self) { try add(String(repeating: "b", count: 600), to: store) }
            #expect(error?.code == .noSpace)
            #expect(names(in: folder).count == 2)
            try store.remove(first.id)
            _ = try add(String(repeating: "b", count: 600), to: store)
        }
    }

    #if os(Linux)
        @Test func aFolderThatCannotBeMadeIsSaidWithItsReason() throws {
            let store = FileStore(root: "/sys/hearth/batches")
            let error = #expect(throws: JobsError.self) { try add("a", to: store) }
            let message = error?.message ?? ""
            #expect(message.hasPrefix("could not create the folder '/sys/hearth': "), "\(message)")
            #expect(!message.contains("No such file"), "\(message)")
        }

        @Test func aFullDiskLeavesNothing() throws {
            guard let disk = SmallDisk(at: "\(home.path)/disk", megabytes: 1) else { return }
            defer { disk.unmount() }
            let store = FileStore(root: "\(home.path)/disk/batches")
            let file = try add("a", to: store)
            disk.fill(leaving: 16 << 10)
            let text = String(repeating: "b", count: 100_000)
            let error = #expect(throws: JobsError.self) { try add(text, to: store) }
            #expect(error?.code == .noSpace && error?.message.contains("no room") == true)
            #expect(names(in: "\(home.path)/disk/batches/files") == [file.id, "\(file.id).json"])
            disk.empty()
            _ = try add(text, to: store)
        }
    #endif
}
