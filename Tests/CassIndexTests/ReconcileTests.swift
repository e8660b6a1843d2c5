// SPDX-License-Identifier: Apache-2.0
//
// A second pass does what is new, and no more.

import CassIndex
import Foundation
import Testing

@Suite struct ReconcileTests {
    /// As a pass over the same messages would have made it, but for the generation.
    private func isAsNew(_ home: CassHome) throws -> Bool {
        let bytes = try home.contents(home.file(.miniLM))
        let other = IndexPass(
            database: home.database, index: home.path + "/other", embedder: .miniLM, scratch: home.scratch)
        var model = TestModel()
        var expected = try home.contents(try other.run(&model).path)
        // The generation, and the checksum of the head.
        let (generation, checksum) = (8 + 10 + 2 + 3 + 5, 8 + 10 + 2 + 3 + 8 + 16)
        for index in [generation] + Array(checksum..<checksum + 4) { expected[index] = bytes[index] }
        return bytes == expected
    }

    @Test func onlyWhatChangedIsComputed() throws {
        let home = CassHome()
        for id in 1...5 { try home.insert(id, "message \(id)") }
        var model = TestModel()
        #expect(try home.run(&model).computed == 5)

        try home.execute("UPDATE messages SET content = 'edited' WHERE id = 2")
        try home.execute("DELETE FROM messages WHERE id = 3")
        try home.insert(6, "new")
        model.texts = []
        let report = try home.run(&model)
        #expect(model.texts == ["edited", "new"])
        #expect(report.computed == 2 && report.kept == 3 && report.removed == 2 && report.isWritten)
        #expect(try isAsNew(home))
    }

    @Test func whatIsUpToDateIsLeftAlone() throws {
        let home = CassHome()
        try home.insert(1, "text")
        try home.insert(2, "ok")
        var model = TestModel()
        try home.run(&model)
        var before = stat()
        stat(home.file(.miniLM), &before)
        let report = try home.run(&model)
        var after = stat()
        stat(home.file(.miniLM), &after)
        #expect(!report.isWritten && report.kept == 1 && report.messages == 2)
        #expect(before.st_ino == after.st_ino && model.texts == ["text"])
    }

    @Test func anotherWorkspaceIsAnotherNameForTheSameVector() throws {
        let home = CassHome()
        try home.insert(1, "text")
        var model = TestModel()
        try home.run(&model)
        try home.execute("UPDATE conversations SET workspace_id = 77")
        let report = try home.run(&model)
        #expect(model.texts == ["text"] && report.kept == 1 && report.isWritten)
        #expect(try isAsNew(home))
    }

    @Test func anEmptyDatabaseEmptiesNothing() throws {
        let home = CassHome()
        try home.insert(1, "text")
        var model = TestModel()
        try home.run(&model)
        let before = try home.contents(home.file(.miniLM))
        try home.execute("DELETE FROM messages")
        #expect(try home.run(&model).isWritten == false)
        #expect(try home.contents(home.file(.miniLM)) == before)
        // One in which nothing is worth a vector does.
        try home.insert(2, "ok")
        #expect(try home.run(&model).isWritten)
        // The number of rows in the head.
        #expect(try home.contents(home.file(.miniLM))[31..<39].allSatisfy { $0 == 0 })
    }

    @Test func withoutAnythingToSayThereIsNoFile() throws {
        let home = CassHome()
        try home.insert(1, "ok")
        var model = TestModel()
        #expect(try !home.run(&model).isWritten)
        #expect(try FileManager.default.contentsOfDirectory(atPath: home.index + "/vector_index").isEmpty)
    }

    @Test func whatWasInterruptedIsGoneOnWith() throws {
        let home = CassHome()
        for id in 1...400 { try home.insert(id, "message number \(id)") }
        var model = TestModel()
        model.patience = 300
        #expect(throws: TestModel.Failure.self) { try home.run(&model) }
        #expect(model.texts.count == 256 && !FileManager.default.fileExists(atPath: home.file(.miniLM)))
        // What was being written when the process ended.
        let work = home.file(.miniLM) + ".hearth-work"
        try home.write(try home.contents(work) + [UInt8]("FWB1".utf8) + [9, 0, 0], to: work)

        var second = TestModel()
        var progress: [[Int]] = []
        let report = try home.pass().run(&second) { progress.append([$0, $1]) }
        #expect(second.texts.count == 144 && report.computed == 400)
        #expect(progress.first == [0, 400] && progress.last == [400, 400] && progress.contains([128, 400]))
        #expect(try isAsNew(home))
        #expect(!FileManager.default.fileExists(atPath: work))
    }

    @Test func twoPassesAtOnceAreOne() throws {
        let home = CassHome()
        for id in 1...3 { try home.insert(id, "message \(id)") }
        var model = MeanwhileModel { home.failure() }
        _ = try home.pass().run(&model)
        #expect(model.heard?.contains("another process is at work") == true)
        #expect(try isAsNew(home))
    }

    @Test func messagesThatCameMeanwhileAreTakenIn() throws {
        let home = CassHome()
        try home.insert(1, "message 1")
        var next = 1
        var model = MeanwhileModel {
            next += 1
            try? home.insert(next, "message \(next)")
            return ""
        }
        // Somebody who writes all the time does not keep it from ending.
        let report = try home.pass().run(&model)
        #expect(report.computed == 3 && report.messages == 3 && next == 4)
        #expect(try home.contents(home.file(.miniLM))[31] == 3)
    }

    @Test func whatSomebodyElseWroteMeanwhileStays() throws {
        let home = CassHome()
        try home.insert(1, "text")
        var model = MeanwhileModel {
            try? home.write([1, 2, 3], to: home.file(.miniLM))
            return ""
        }
        let error = #expect(throws: CassIndexError.self) { try home.pass().run(&model) }
        #expect(error?.message.contains("was changed meanwhile") == true)
        #expect(try home.contents(home.file(.miniLM)) == [1, 2, 3])
    }

    // MARK: cass's own changes

    /// A log of changes as frankensearch writes it.
    private func log(_ rows: [(name: String, bits: UInt16)], generation: UInt8) throws -> [UInt8] {
        func little(_ value: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: value.littleEndian) { Array($0) }
        }
        var head = Array("FWAL".utf8) + little(UInt16(1)) + little(UInt32(384)) + [1, generation, 0, 0, 0, 0]
        head += little(checksum(head))
        var batch = Array("FWB1".utf8) + little(UInt32(rows.count))
        for row in rows {
            batch += little(UInt16(row.name.utf8.count)) + row.name.utf8
            for _ in 0..<384 { batch += little(row.bits) }
        }
        return head + batch + little(checksum(batch))
    }

    private func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
    }

    @Test(arguments: [(UInt8(2), true), (UInt8(1), false), (UInt8(7), false)])
    func cassesLogCountsWhereItBelongsToTheFile(generation: UInt8, counts: Bool) throws {
        let home = CassHome()
        try home.insert(1, "text")
        try home.insert(2, "abc")
        try home.execute("DELETE FROM messages WHERE id = 2")
        var model = TestModel()
        try home.run(&model)
        // cass embedded the second message itself.
        try home.insert(2, "abc")
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        let wal = home.file(.miniLM) + ".wal"
        try home.write(
            try log([("m|2|0|3|0|\(checksum(Array("local".utf8)))|0|1002|\(hash)", 0x2A80)], generation: generation),
            to: wal)
        model.texts = []
        let report = try home.run(&model)
        #expect(model.texts == (counts ? [] : ["abc"]) && report.isWritten)
        let bytes = try home.contents(home.file(.miniLM))
        #expect(bytes[28] == 2)
        #expect(bytes.suffix(2 * 768).contains(0x2A) == counts)
        #expect(!FileManager.default.fileExists(atPath: wal))
    }

    @Test func aDamagedLogOfCassIsAReasonToLeaveEverything() throws {
        let home = CassHome()
        try home.insert(1, "text")
        var model = TestModel()
        try home.run(&model)
        let before = try home.contents(home.file(.miniLM))
        let whole = try log([("m|2|0|3|0|1|0|1002", 0)], generation: 2)
        try home.insert(3, "more")
        for end in stride(from: 1, to: whole.count, by: 37) {
            try home.write(Array(whole[..<end]), to: home.file(.miniLM) + ".wal")
            // Without a batch, it says nothing.
            if end == 20 { continue }
            #expect(home.failure().contains("log of changes, is damaged"), "\(end)")
        }
        #expect(try home.contents(home.file(.miniLM)) == before)
    }
}

/// Does something else in the middle.
private struct MeanwhileModel: TextVectors {
    let meanwhile: () -> String
    var heard: String?

    init(_ meanwhile: @escaping () -> String) { self.meanwhile = meanwhile }

    mutating func vectors(of texts: [String]) throws -> [Float] {
        heard = meanwhile()
        return texts.flatMap(TestModel.vector)
    }
}
