// SPDX-License-Identifier: Apache-2.0
//
// Files: the configuration, those of a model's repository, and archives.

import Configuration
import JSON
import TOML

@testable import Inference
@testable import ModelStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension FuzzTarget {
    /// A config.toml. One that is accepted says the same when its values are written to a file again.
    static let toml = FuzzTarget(name: "toml") {
        let file = ConfigurationText.defaultFile
        let given = file.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("# ") && $0.contains(" = ") ? $0.dropFirst(2) : $0 }.joined(separator: "\n")
        let all = """
            a.b."c d" = [1, 0x1F, 0b1, +1_000, -2.5e3, inf, nan, true, [], {x = 'y', z.w = \"\"\"\\
              m\\u00e9\"\"\"}]
            [t.u]
            d = 1979-05-27T07:32:00.5-07:00
            e = 07:32:00
            [[t.v]]
            [[t.v]]
            s = '''
            raw'''
            """
        return [Array(file.utf8), Array(given.utf8), Array(all.utf8)]
    } run: { input in
        let home = ["HOME": "/home/someone"]
        let isTOML = (try? TOMLTable(parsing: input)) != nil
        let file = ConfigurationFile(path: "config.toml", text: input)
        guard let values = try? EffectiveConfiguration(file: file, environment: home).values else { return true }
        check(isTOML, "a configuration that is no TOML")
        let text = values.map { "\($0.setting.key) = \($0.text)\n" }.joined()
        do {
            let file = ConfigurationFile(path: "again.toml", text: text)
            let again = try EffectiveConfiguration(file: file, environment: home).values
            check(again.map(\.value) == values.map(\.value), "the values differ when they are read again:\n\(text)")
        } catch { fatalError("\(error)\n\(text)") }
        return true
    }

    static let safeTensors = FuzzTarget(name: "safetensors") {
        let header =
            #"{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"#
            + #""b":{"dtype":"F16","shape":[4],"data_offsets":[16,24]},"i":{"dtype":"I8","shape":[],"data_offsets":[24,25]}}"#
        return [[UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0] + header.utf8 + (0..<25)]
    } run: { input in
        input.withUnsafeBytes { bytes in
            let file = MappedFile(path: "x.safetensors", constant: bytes, digest: Digest(of: bytes))
            guard let tensors = try? SafeTensors(file).tensors.values else { return }
            for tensor in tensors where tensor.dataType.isWeightType {
                let values = [Float](unsafeUninitializedCapacity: tensor.elementCount) { target, count in
                    if let base = target.baseAddress { tensor.copy(0..<tensor.elementCount, to: base) }
                    count = tensor.elementCount
                }
                check(values.count == tensor.elementCount, "elements are missing")
            }
        }
        return true
    }

    /// The first line names a repository among the tests' and a file of it, which is replaced by the rest. The model is
    /// loaded, and where that succeeds, used.
    static let model = FuzzTarget(name: "model") {
        Repositories.files.compactMap { file in
            let bytes = readFile("\(Repositories.originals)/\(file)") ?? []
            // Weights are covered as far as it is quick; see `safetensors` for their header.
            return bytes.isEmpty || bytes.count > 12000 ? nil : Array("\(file)\n".utf8) + bytes
        }
    } run: { input in
        guard let end = input.prefix(100).firstIndex(of: UInt8(ascii: "\n")),
            let name = String(validating: input[..<end], as: UTF8.self), let root = Repositories.root(of: name)
        else { return false }
        let path = "\(Repositories.copies)/\(name)"
        guard let original = readFile("\(Repositories.originals)/\(name)") else { return false }
        writeFile(path, input[(end + 1)...])
        defer { writeFile(path, original) }
        guard let model = try? LoadedModel.load(folder: "\(Repositories.copies)/\(root)") else { return true }
        var values: [Float] = []
        let text = "Hello, world"
        switch model {
        case .embedder(let model):
            guard let tokens = try? model.tokenize(text) else { return true }
            try? model.embed([tokens], workspace: Workspace(), into: &values)
        case .reranker(let model):
            guard let tokens = try? model.tokenize(query: text, document: text) else { return true }
            try? model.scores([tokens], workspace: Workspace(), into: &values)
        }
        return true
    }

    static let inflate = FuzzTarget(name: "inflate") {
        [
            [1, 3, 0, 0xFC, 0xFF, 97, 98, 99], [0x4B, 0x4C, 0x4A, 0x4E, 0x81, 0x21, 0],
            // "hello hello hello hello" in a block of its own codes is not shorter; this one is 60 times "ab".
            [0x4B, 0x4C, 0x4A, 0x1C, 0x05, 0xC3, 0x02, 0x00],
        ]
    } run: { input in
        let limit: Int64 = 1 << 18
        var total: Int64 = 0
        let produced = try? input.withUnsafeBytes {
            try Inflate.run($0, limit: limit) { total += Int64($0.count) }
        }
        check(total <= limit, "\(total) bytes came out")
        if let produced { check(produced == total, "\(produced) bytes said, \(total) given") }
        return true
    }

    /// A zip archive, of which every member is extracted.
    static let wheel = FuzzTarget(name: "wheel") {
        [zip("a/b.txt", method: 0, [104, 105], size: 2), zip("c", method: 8, [0x4B, 0x04, 0x00], size: 1)]
    } run: { input in
        let path = "\(scratch)/archive"
        writeFile(path, input)
        guard let archive = try? ZipArchive(path: path) else { return true }
        for member in archive.members.prefix(4) where member.bytes < 1 << 20 {
            try? archive.extract(member, to: "\(scratch)/member")
        }
        return true
    }

    /// An archive of one member whose checksum is wrong: with the comparisons traced, the fuzzer finds the right one.
    private static func zip(_ name: String, method: UInt8, _ data: [UInt8], size: UInt8) -> [UInt8] {
        let count = UInt8(name.utf8.count)
        let common: [UInt8] =
            [20, 0, 0, 0, method, 0, 0, 0, 0, 0, 1, 2, 3, 4] + [
                UInt8(data.count), 0, 0, 0, size, 0, 0, 0, count, 0, 0, 0,
            ]
        let local = [0x50, 0x4B, 3, 4] + common + name.utf8 + data
        let central = [0x50, 0x4B, 1, 2, 20, 0] + common + [UInt8](repeating: 0, count: 14) + name.utf8
        let sizes = [UInt8(central.count), 0, 0, 0, UInt8(local.count), 0, 0, 0]
        return local + central + [0x50, 0x4B, 5, 6, 0, 0, 0, 0, 1, 0, 1, 0] + sizes + [0, 0]
    }
}

/// A folder of this process to write in; `models` in it holds copies of the tests' model repositories.
private let scratch = variable("HEARTH_FUZZ_FOLDER") ?? "."

private enum Repositories {
    static let originals = "\(tests)/InferenceTests/Fixtures"
    static let copies = "\(scratch)/models"

    /// Their files, by names relative to the folder of the fixtures.
    static let files: [String] = ["families/*", "cross-families/*", "tiny-*", "tiny-*/*"].flatMap { folder in
        [".json", ".txt", ".safetensors"].flatMap { suffix in
            var found = glob_t()
            defer { globfree(&found) }
            guard glob("\(originals)/\(folder)/*\(suffix)", 0, nil, &found) == 0 else { return [String]() }
            return (0..<Int(found.gl_pathc)).compactMap { index in
                found.gl_pathv[index].map { String(String(cString: $0).dropFirst(originals.utf8.count + 1)) }
            }.filter { !$0.hasSuffix("/expected.json") }
        }
    }

    /// The repository that a file belongs to; nil for a name that is none of `files`.
    static func root(of file: String) -> String? {
        guard files.contains(file) else { return nil }
        return file.split(separator: "/").prefix(file.hasPrefix("tiny-") ? 1 : 2).joined(separator: "/")
    }
}
