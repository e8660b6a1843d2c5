// SPDX-License-Identifier: Apache-2.0
//
// Files that are broken, contradict themselves or ask for the unknown: errors, never traps.

import JSON
import Testing
import Tokenizers

@Suite struct HostileFileTests {
    private let template: JSONValue = [
        "type": "TemplateProcessing",
        "single": [["SpecialToken": ["id": "[CLS]", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]]],
        "pair": [["Sequence": ["id": "A", "type_id": 0]], ["Sequence": ["id": "B", "type_id": 1]]],
        "special_tokens": ["[CLS]": ["id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]]],
    ]

    private var good: JSONValue {
        TinyTokenizer.json(
            ["a", "##b"],
            normalizer: ["type": "Sequence", "normalizers": [TinyTokenizer.bert]],
            preTokenizer: ["type": "Sequence", "pretokenizers": [["type": "BertPreTokenizer"]]],
            postProcessor: template, added: [TinyTokenizer.added("[SEP]", left: true, normalized: true)])
    }

    /// A tokenizer that loads must also work.
    private func use(_ json: [UInt8]) {
        guard let tokenizer = try? Tokenizer(json: json) else { return }
        _ = tokenizer.encode("ab Ä [SEP] \u{0}", pair: "b", maximumTokens: 4, recordOffsets: true)
    }

    @Test func everyTruncatedFileIsRefused() throws {
        let json = good.encoded()
        _ = try Tokenizer(json: json)
        for count in json.indices {
            #expect(throws: TokenizerError.self) { try Tokenizer(json: Array(json[..<count])) }
        }
    }

    @Test func everyValueCanBeOfAnyType() {
        let others: [JSONValue] = [nil, true, -1, 4_294_967_296, 1e300, 0.5, "", "x", [], [nil], [:], ["type": "x"]]
        for other in others {
            for mutated in good.replacingEachValue(with: other) { use(mutated.encoded()) }
        }
    }

    @Test func damagedBytesNeverTrap() {
        var random = Xorshift(seed: 7)
        let json = good.encoded()
        for _ in 0..<5000 {
            var damaged = json
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            use(damaged)
        }
    }

    @Test(arguments: [
        ["normalizer", "NFKC"], ["pre_tokenizer", "ByteLevel"], ["post_processor", "ByteLevel"], ["model", "BPE"],
    ])
    func unknownComponentsAreNamed(place: [String]) throws {
        let json = good.setting(place[0], "type", to: .string(place[1]))
        let error = #expect(throws: TokenizerError.self) { try Tokenizer(json) }
        guard case .unsupported(let component, let type, let supported) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(component == place[0])
        #expect(type == place[1])
        #expect(!supported.isEmpty && !supported.contains(type))
    }

    private static let contradictions: [([String], JSONValue)] = [
        (["version"], "2.0"),
        (["model"], nil),
        (["model", "vocab"], nil),
        (["model", "vocab"], []),
        (["model", "vocab"], ["a": 1, "b": 2]),
        (["model", "vocab"], ["[UNK]": 1, "[CLS]": 2, "a": 1]),
        (["model", "vocab"], ["[UNK]": -1]),
        (["model", "vocab"], ["[UNK]": 2_147_483_648]),
        (["model", "vocab"], ["[UNK]": "1"]),
        (["model", "vocab"], ["[UNK]": 1.5]),
        (["model", "vocab"], ["[UNK]": 1]),
        (["model", "unk_token"], "nobody"),
        (["model", "unk_token"], nil),
        (["model", "max_input_chars_per_word"], -1),
        (["model", "continuing_subword_prefix"], nil),
        (["normalizer", "normalizers"], nil),
        (["normalizer", "normalizers"], [["type": "BertNormalizer"]]),
        (["added_tokens"], [["content": "x"]]),
        (["added_tokens"], "x"),
        (["post_processor", "special_tokens"], [:]),
        (["post_processor", "special_tokens", "[CLS]", "ids"], [99]),
        (["post_processor", "special_tokens", "[CLS]", "ids"], [-1]),
        (["post_processor", "single"], [["Sequence": ["id": "B", "type_id": 0]]]),
        (["post_processor", "pair"], [["Sequence": ["id": "C", "type_id": 0]]]),
        (["post_processor", "pair"], [[:]]),
        (["post_processor"], ["type": "BertProcessing", "sep": ["[SEP]"], "cls": ["[CLS]", 2]]),
        (["post_processor"], ["type": "RobertaProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]]),
    ]

    @Test(arguments: contradictions)
    func contradictionsAreRefused(path: [String], value: JSONValue) {
        var json = value
        for index in path.indices.reversed() {
            let outer = path[..<index].reduce(good) { $0[$1] ?? .null }
            json = outer.setting(path[index], to: json)
        }
        #expect(throws: TokenizerError.self) { try Tokenizer(json) }
    }

    @Test func deepNestingIsRefused() {
        var deep = "{\"type\":\"Sequence\",\"normalizers\":["
        for _ in 0..<18 { deep += deep }
        #expect(throws: TokenizerError.self) { try Tokenizer(json: Array("{\"normalizer\":\(deep)".utf8)) }
    }

    @Test func longSequencesDoNotExhaustTheStack() throws {
        let many = JSONValue.array(Array(repeating: ["type": "Sequence", "normalizers": []], count: 100_000))
        let json = good.setting("normalizer", "normalizers", to: many)
        #expect(try Tokenizer(json).tokens("ab") == ["a", "##b"])
    }

    @Test(arguments: ["", "null", "[]", "{}", "{\"model\":{}}", "{\"model\":null}", "\u{FEFF}{}"])
    func otherDocumentsAreRefused(text: String) {
        #expect(throws: TokenizerError.self) { try Tokenizer(json: Array(text.utf8)) }
    }
}

extension JSONValue {
    /// Copies in each of which one value, at any depth, is replaced.
    fileprivate func replacingEachValue(with other: JSONValue) -> [JSONValue] {
        var copies = [other]
        switch self {
        case .object(let object):
            for index in object.members.indices {
                for inner in object.members[index].value.replacingEachValue(with: other) {
                    var copy = object
                    copy.members[index].value = inner
                    copies.append(.object(copy))
                }
            }
        case .array(var elements):
            for (index, element) in elements.enumerated() {
                for inner in element.replacingEachValue(with: other) {
                    elements[index] = inner
                    copies.append(.array(elements))
                }
                elements[index] = element
            }
        default: break
        }
        return copies
    }
}
