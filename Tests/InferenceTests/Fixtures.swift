// SPDX-License-Identifier: Apache-2.0
//
// The committed model repositories with what sentence-transformers makes of
// their texts (Scripts/make-inference-fixtures and make-head-fixtures), and folders to change copies in.

import JSON
import TestSupport
import Testing

enum Fixture {
    static let folder = repositoryFile("Tests/InferenceTests/Fixtures")

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
    static let model = variable("HEARTH_TEST_MODEL")

    static func json(_ path: String) throws -> JSONValue {
        try JSONValue(parsing: #require(readFile(path), "cannot read \(path)"))
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

/// Model repositories to change.
extension TemporaryFolder {
    /// A copy of a repository.
    convenience init(copyOf repository: String) throws {
        self.init()
        try add(contentsOf: repository)
    }

    /// Copies files, and folders of files.
    func add(contentsOf repository: String, to folder: String = "") throws {
        let names = names(in: repository)
        try #require(!names.isEmpty, "there is nothing in \(repository)")
        for name in names {
            if let bytes = readFile(repository + "/" + name) {
                write(bytes, to: folder + name)
            } else {
                try add(contentsOf: repository + "/" + name, to: folder + name + "/")
            }
        }
    }

    /// Sets members of JSON files, or writes whole ones: an object of files' names and contents.
    func change(_ files: JSONValue?) throws {
        for file in files?.object?.members ?? [] {
            if let changes = file.value.object, names(in: path).contains(file.key) {
                try edit(file.key, Dictionary(uniqueKeysWithValues: changes.members.map { ($0.key, $0.value) }))
            } else {
                write(file.value.encoded(), to: file.key)
            }
        }
    }

    /// Changes some members of a JSON file; a nil value removes a member.
    func edit(_ name: String, _ changes: [String: JSONValue?]) throws {
        var object = try Fixture.json(path + "/" + name).object ?? [:]
        for (key, value) in changes { object[key] = value }
        write(JSONValue.object(object).encoded(), to: name)
    }
}
