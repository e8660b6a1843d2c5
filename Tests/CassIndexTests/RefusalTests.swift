// SPDX-License-Identifier: Apache-2.0
//
// What is there and not Hearth's to write stays as it is, to the byte.

import CassIndex
import Foundation
import Testing

@Suite struct RefusalTests {
    private func made() throws -> (home: CassHome, file: [UInt8]) {
        let home = CassHome()
        for id in 1...3 { try home.insert(id, "message \(id)") }
        var model = TestModel()
        let report = try home.run(&model)
        try home.insert(4, "new")
        return (home, try home.contents(report.path))
    }

    private func expectRefusal(_ bytes: [UInt8], _ reason: String, _ home: CassHome) throws {
        try home.write(bytes, to: home.file(.miniLM))
        let failure = home.failure()
        #expect(failure.contains(reason), "\(failure)")
        #expect(try home.contents(home.file(.miniLM)) == bytes)
        let names = try FileManager.default.contentsOfDirectory(atPath: home.index + "/vector_index")
        #expect(!names.contains { $0.hasSuffix(".hearth-new") })
    }

    private func sealed(_ head: [UInt8], from offset: Int = 0) -> [UInt8] {
        let sum = ~head.reduce(UInt32.max) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return head + withUnsafeBytes(of: sum.littleEndian) { Array($0) }
    }

    /// The file with another head of the same length.
    private func changed(_ file: [UInt8], _ change: (inout [UInt8]) -> Void) -> [UInt8] {
        var head = Array(file[..<47])
        change(&head)
        return sealed(head) + file[51...]
    }

    @Test func filesOfOthers() throws {
        let (home, file) = try made()
        #expect(changed(file) { _ in } == file)
        try expectRefusal(changed(file) { $0[4] = 2 }, "is of version 2 of its format", home)
        try expectRefusal(changed(file) { $0[17] = 0x35 }, "holds vectors of 'minilm-385'", home)
        try expectRefusal(changed(file) { $0[20] = 0x32 }, "of revision '2.0'", home)
        try expectRefusal(changed(file) { $0[23] = 0x7F }, "383 dimensions", home)
        try expectRefusal(changed(file) { $0[27] = 0 }, "kind 0", home)
        try expectRefusal(changed(file) { $0[29] = 1 }, "unknown values", home)
        try expectRefusal(changed(file) { $0[31] = 4 }, "does not have", home)
        for index in 31..<47 { try expectRefusal(changed(file) { $0[index] = 0xFF }, "is left as it is", home) }
        try expectRefusal([], "is no file of vectors", home)
        try expectRefusal(Array("SQLite format 3".utf8), "is no file of vectors", home)
        try expectRefusal(file + [0], "does not have", home)
        // A row that says something unknown of itself, and one of another kind.
        var flagged = file
        flagged[51 + 14] = 2
        try expectRefusal(flagged, "damaged row 0", home)
    }

    @Test func newerCassSignsWithItsEngine() throws {
        let (home, file) = try made()
        let revision = Array("native-minilm-v1:0123abc".utf8)
        let head = Array(file[..<18]) + [UInt8(revision.count), 0] + revision + file[23..<47]
        try expectRefusal(sealed(head) + file[51...], "'native-minilm-v1:0123abc'", home)
    }

    @Test func truncatedAndDamagedFiles() throws {
        let (home, file) = try made()
        for end in stride(from: 0, to: file.count, by: 41) {
            try expectRefusal(Array(file[..<end]), "is left as it is", home)
        }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            var bytes = file
            let index = Int.random(in: 0..<(bytes.count - 3 * 768), using: &generator)
            bytes[index] ^= UInt8.random(in: 1...255, using: &generator)
            try home.write(bytes, to: home.file(.miniLM))
            // Of the padding nobody reads anything, and a row may be one that was removed.
            if home.failure().isEmpty { continue }
            #expect(try home.contents(home.file(.miniLM)) == bytes)
        }
        for _ in 0..<300 {
            let bytes = (0..<Int.random(in: 0..<500)).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            try expectRefusal(Array("FSVI".utf8) + [1, 0] + bytes, "is left as it is", home)
        }
    }

    @Test func rowsThatWereRemovedAreLeftOut() throws {
        let (home, file) = try made()
        var bytes = file
        bytes[51 + 14] = 1
        try home.write(bytes, to: home.file(.miniLM))
        var model = TestModel()
        let report = try home.run(&model)
        #expect(report.kept == 2 && report.computed == 2 && report.isWritten)
    }

    @Test func aVectorThatIsNoneIsNotCopied() throws {
        let (home, file) = try made()
        var bytes = file
        bytes[bytes.count - 1] = 0x7C
        try expectRefusal(bytes, "damaged vector", home)
    }

    @Test func namesThatAreNotCasses() throws {
        let home = CassHome()
        try home.insert(1, "text")
        // "doc-a" alone, with its hash: FNV-1a of 5 bytes.
        let name = Array("doc-a".utf8)
        let hash = name.reduce(14_695_981_039_346_656_037 as UInt64) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        var head = Array("FSVI".utf8) + [1, 0, 10, 0] + Array("minilm-384".utf8) + [3, 0] + Array("1.0".utf8)
        head += [0x80, 1, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 128, 0, 0, 0, 0, 0, 0, 0]
        var file =
            sealed(head) + withUnsafeBytes(of: hash.littleEndian) { Array($0) } + [0, 0, 0, 0, 5, 0, 0, 0] + name
        file += [UInt8](repeating: 0, count: 128 - file.count + 768)
        try expectRefusal(file, "row 'doc-a', which is not known", home)
    }

    @Test func whatIsNoFile() throws {
        let (home, file) = try made()
        let path = home.file(.miniLM)
        try home.write(file, to: home.path + "/elsewhere")
        unlink(path)
        symlink(home.path + "/elsewhere", path)
        #expect(home.failure().contains("symbolic link"))
        #expect(try home.contents(home.path + "/elsewhere") == file)
        unlink(path)
        mkfifo(path, 0o600)
        #expect(home.failure().contains("a pipe, not a file"))
        unlink(path)
        mkdir(path, 0o700)
        #expect(home.failure().contains("a folder, not a file"))
    }

    @Test(arguments: [
        (#"{"manifest_version": 1, "fast_tier": null, "quality_tier": {"embedder_id": "minilm-384"}}"#, "quality_tier"),
        (#"{"manifest_version": 1, "checkpoint": {"embedder_id": "minilm-384"}}"#, "checkpoint"),
        (#"{"manifest_version": 1, "fast_tier": 7}"#, "fast_tier"),
        (#"{"manifest_version": 2}"#, "not known here"), ("[]", "not known here"), ("", "not known here"),
    ])
    func manifestsOfNewerVersions(manifest: String, reason: String) throws {
        let (home, file) = try made()
        try home.write(Array(manifest.utf8), to: home.index + "/vector_index/semantic_manifest.json")
        try expectRefusal(file, reason, home)
    }

    @Test func aManifestThatSpeaksOfOthersIsNoObstacle() throws {
        let (home, _) = try made()
        let manifest = #"{"manifest_version": 1, "fast_tier": {"embedder_id": "fnv1a-384"}, "checkpoint": null}"#
        try home.write(Array(manifest.utf8), to: home.index + "/vector_index/semantic_manifest.json")
        #expect(home.failure().isEmpty)
    }

    @Test func aGraphOfTheIndexWouldNotFitAnyMore() throws {
        let (home, file) = try made()
        try home.write([1], to: home.index + "/vector_index/hnsw-minilm-384.chsw")
        try expectRefusal(file, "would not fit any more", home)
    }

    @Test func aLogWithoutItsIndex() throws {
        let home = CassHome()
        try home.insert(1, "text")
        try home.write([], to: home.file(.miniLM) + ".wal")
        #expect(home.failure().contains("not the index that it belongs to"))
    }
}
