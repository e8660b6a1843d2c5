// SPDX-License-Identifier: Apache-2.0
//
// What the reference library recorded (Scripts/make-tokenizer-fixtures).

import JSON
import TestSupport
import Tokenizers

struct Fixture: Sendable, CustomStringConvertible {
    struct Case: Sendable {
        var first: String
        var second: String?
        var maximumTokens: Int?
        var truncation: TruncationSide
        var addSpecialTokens: Bool
        var ids: [Int32]
        var typeIDs: [Int32]
        var offsets: [Range<Int>]
        var isSpecial: [Bool]
    }

    var name: String
    /// A whole `tokenizer.json`, or a SentencePiece model and its family.
    var json: JSONValue
    var cases: [Case]

    var description: String { name }

    static let all =
        load("wordpiece.json") + load("bpe.json") + load("unigram.json") + load("wordlevel.json") + sentencePiece
    static let sentencePiece = load("sentencepiece.json")

    func tokenizer() throws -> Tokenizer {
        guard let model else { return try Tokenizer(json) }
        return try Tokenizer(sentencePiece: model, family: family)
    }

    /// The content of a SentencePiece model, where the fixture is one.
    var model: [UInt8]? { json["model"]?.string.flatMap(Base64.decode) }

    var family: SentencePieceFamily {
        switch name {
        case "xlmRoberta": .xlmRoberta
        case "t5": .t5
        case "llama": .llama(first: false, last: false, legacy: false)
        case "llama, legacy": .llama(first: true, last: true, legacy: true)
        default: .gemma(first: true, last: false)
        }
    }

    private static func file(_ name: String) -> JSONValue {
        let path = repositoryFile("Tests/TokenizersTests/Fixtures/\(name)")
        return (try? JSONValue(parsing: readFile(path) ?? [])) ?? .null
    }

    private static func load(_ name: String) -> [Fixture] {
        let file = file(name)
        let texts = file["texts"]?.array?.compactMap(\.string) ?? []
        return (file["tokenizers"]?.array ?? []).map { fixture in
            let description = fixture["description"] ?? .null
            let vocabulary = file["vocab"] ?? .null
            return Fixture(
                name: fixture["name"]?.string ?? "",
                json: description["family"] == nil
                    ? description.setting("model", "vocab", to: vocabulary) : description,
                cases: (fixture["cases"]?.array ?? []).map { Case($0, texts) })
        }
    }
}

extension Fixture.Case {
    init(_ value: JSONValue, _ texts: [String]) {
        func numbers(_ key: String) -> [Int]? { value[key]?.array?.compactMap(\.integer) }
        first = value["text"]?.integer.map { texts[$0] } ?? ""
        second = value["pair"]?.integer.map { texts[$0] }
        maximumTokens = value["limit"]?.integer
        truncation = value["side"] == nil ? .tail : .head
        addSpecialTokens = value["plain"] == nil
        ids = numbers("ids")?.map(Int32.init) ?? []
        typeIDs = numbers("types")?.map(Int32.init) ?? ids.map { _ in 0 }
        isSpecial = numbers("special")?.map { $0 == 1 } ?? ids.map { _ in false }
        let ends = numbers("offsets") ?? []
        offsets = stride(from: 0, to: ends.count, by: 2).map { ends[$0]..<ends[$0 + 1] }
    }

    func encode(with tokenizer: Tokenizer, recordOffsets: Bool) -> Encoding {
        if let second {
            tokenizer.encode(
                first, pair: second, maximumTokens: maximumTokens, truncation: truncation,
                addSpecialTokens: addSpecialTokens, recordOffsets: recordOffsets)
        } else {
            tokenizer.encode(
                first, maximumTokens: maximumTokens, truncation: truncation, addSpecialTokens: addSpecialTokens,
                recordOffsets: recordOffsets)
        }
    }
}

extension JSONValue {
    /// A copy with one member changed, at a path of member names.
    func setting(_ path: String..., to value: JSONValue) -> JSONValue {
        setting(path[...], to: value)
    }

    private func setting(_ path: ArraySlice<String>, to value: JSONValue) -> JSONValue {
        guard let key = path.first else { return value }
        var object = object ?? [:]
        object[key] = (object[key] ?? .null).setting(path.dropFirst(), to: value)
        return .object(object)
    }
}
