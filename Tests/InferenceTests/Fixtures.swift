// SPDX-License-Identifier: Apache-2.0
//
// The committed model repositories with what sentence-transformers makes of
// their texts (Scripts/make-inference-fixtures and make-head-fixtures), and folders to change copies in.

import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum Fixture {
    static let folder = String(#filePath.dropLast("/Fixtures.swift".count)) + "/Fixtures"

    /// Mean pooling, normalised, with prompts; float32.
    static let sentence = folder + "/tiny-sentence"
    /// No modules.json; float16, saved with a head, so that names begin with "bert.".
    static let plain = folder + "/tiny-plain"
    /// A cross-encoder of one label.
    static let cross = folder + "/tiny-cross"
    /// A cross-encoder of three.
    static let labels = folder + "/tiny-labels"
    /// Cross-encoders of other families, without their tokenizer, which is that of `cross`.
    static let crossFamilies = folder + "/cross-families"
    /// Modules to put behind `sentence`.
    static let heads = folder + "/heads"
    /// A StaticEmbedding of sentence-transformers.
    static let tokenTable = folder + "/tiny-static"
    /// A Model2Vec repository.
    static let model2vec = folder + "/tiny-model2vec"
    /// Cases for the real model that HEARTH_TEST_MODEL names.
    static let minilm = folder + "/minilm"
    /// The folder of all-MiniLM-L6-v2, when the environment names it.
    static let model = getenv("HEARTH_TEST_MODEL").map { String(cString: $0) }

    static func json(_ path: String) throws -> JSONValue {
        try JSONValue(parsing: try readFile(path))
    }
}

/// What a reference implementation computed for some texts.
struct Expectation {
    var texts: [String]
    var ids: [[Int32]]
    var vectors: [[Float]]

    init(folder: String, vectors key: String = "embeddings") throws {
        let json = try Fixture.json(folder + "/expected.json")
        texts = (json["texts"]?.array ?? []).compactMap(\.string)
        ids = (json["ids"]?.array ?? []).map { ($0.array ?? []).compactMap { $0.integer.map(Int32.init) } }
        vectors = floatRows(json[key])
    }
}

func floatRows(_ json: JSONValue?) -> [[Float]] {
    (json?.array ?? []).map { ($0.array ?? []).compactMap { $0.double.map(Float.init) } }
}

func cosine(_ first: some Sequence<Float>, _ second: some Sequence<Float>) -> Double {
    var (product, firstSquares, secondSquares) = (0.0, 0.0, 0.0)
    for (a, b) in zip(first, second) {
        product += Double(a) * Double(b)
        firstSquares += Double(a) * Double(a)
        secondSquares += Double(b) * Double(b)
    }
    return product / (firstSquares * secondSquares).squareRoot()
}

func largestDifference(_ first: [Float], _ second: [Float]) -> Float {
    zip(first, second).reduce(0) { max($0, abs($1.0 - $1.1)) }
}

struct FileError: Error {
    var path: String
}

func readFile(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "r") else { throw FileError(path: path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return bytes
}

func writeFile(_ path: String, _ bytes: [UInt8]) throws {
    guard let file = fopen(path, "w") else { throw FileError(path: path) }
    defer { fclose(file) }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw FileError(path: path) }
}

/// A folder of its own for one test, removed afterwards.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/hearth-inference-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FileError(path: "/tmp") }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// A copy of a repository.
    convenience init(copyOf repository: String) throws {
        try self.init()
        try add(contentsOf: repository)
    }

    deinit { removeTree(path) }

    /// Copies files, and folders of files.
    func add(contentsOf repository: String) throws {
        for name in try names(in: repository) {
            if let inner = try? names(in: repository + "/" + name) {
                mkdir(path + "/" + name, 0o700)
                for file in inner { try write(name + "/" + file, try readFile(repository + "/" + name + "/" + file)) }
            } else {
                try write(name, try readFile(repository + "/" + name))
            }
        }
    }

    func write(_ name: String, _ bytes: [UInt8]) throws { try writeFile(path + "/" + name, bytes) }
    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }
    func remove(_ name: String) { unlink(path + "/" + name) }
    func makeFolder(_ name: String) throws {
        guard mkdir(path + "/" + name, 0o700) == 0 else { throw FileError(path: path + "/" + name) }
    }

    /// Sets members of JSON files, or writes whole ones: an object of files' names and contents.
    func change(_ files: JSONValue?) throws {
        for file in files?.object?.members ?? [] {
            if let changes = file.value.object, try names(in: path).contains(file.key) {
                try edit(file.key, Dictionary(uniqueKeysWithValues: changes.members.map { ($0.key, $0.value) }))
            } else {
                try write(file.key, file.value.encoded())
            }
        }
    }

    /// Changes some members of a JSON file; a nil value removes a member.
    func edit(_ name: String, _ changes: [String: JSONValue?]) throws {
        var object = try Fixture.json(path + "/" + name).object ?? [:]
        for (key, value) in changes { object[key] = value }
        try write(name, JSONValue.object(object).encoded())
    }
}

func names(in folder: String) throws -> [String] {
    guard let directory = opendir(folder) else { throw FileError(path: folder) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

private func removeTree(_ path: String) {
    for name in (try? names(in: path)) ?? [] { removeTree(path + "/" + name) }
    if rmdir(path) != 0 { unlink(path) }
}

/// SplitMix64: the same numbers for the same seed, on every platform.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
