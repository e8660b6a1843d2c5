// SPDX-License-Identifier: Apache-2.0
//
// Files that are broken, contradict themselves or ask for the unknown: errors, never traps.

import JSON
import TestSupport
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

    /// A file with every kind of component that the WordPiece tokenizer does not have.
    private var bpe: JSONValue {
        let tokens = ["[UNK]", "[CLS]", "[SEP]", "a", "b", "ab", "\u{120}", "<0x0A>", "##b"].enumerated()
            .map { JSONObject.Member(key: $1, value: .integer(Int64($0))) }
        let normalizers: JSONValue = [
            ["type": "NFKC"], ["type": "Prepend", "prepend": "x"],
            ["type": "Strip", "strip_left": true, "strip_right": true],
            ["type": "Replace", "pattern": ["Regex": "a{1,2}|[^\\p{L}\\n-z]+?(?!b)"], "content": "ab"],
            ["type": "Precompiled", "precompiled_charsmap": .string(Self.rules)],
        ]
        let pieces: JSONValue = [
            ["type": "Split", "pattern": ["String": " "], "behavior": "MergedWithNext", "invert": false],
            ["type": "Punctuation", "behavior": "Isolated"], ["type": "Digits", "individual_digits": false],
            ["type": "CharDelimiterSplit", "delimiter": "q"],
            ["type": "Metaspace", "replacement": "_", "prepend_scheme": "first", "split": true],
            ["type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true],
        ]
        return [
            "version": "1.0", "added_tokens": [TinyTokenizer.added("[SEP]", left: true, normalized: true)],
            "normalizer": ["type": "Sequence", "normalizers": normalizers],
            "pre_tokenizer": ["type": "Sequence", "pretokenizers": pieces],
            "post_processor": [
                "type": "Sequence",
                "processors": [["type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true], template],
            ],
            "model": [
                "type": "BPE", "dropout": nil, "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "end_of_word_suffix": nil, "fuse_unk": true, "byte_fallback": true, "ignore_merges": true,
                "vocab": .object(JSONObject(tokens)), "merges": ["a ##b"],
            ],
        ]
    }

    /// A trie without edges, and one replacement.
    private static let rules = "EAAAAAAAAAAAAAAAAAAAAAAAAABhAA=="

    private var unigram: JSONValue {
        good.setting(
            "model",
            to: [
                "type": "Unigram", "unk_id": 0, "byte_fallback": true,
                "vocab": [["[UNK]", 0], ["[CLS]", -1], ["[SEP]", -2.5], ["a", -3], ["ab", -1e3]],
            ])
    }

    /// A tokenizer that loads must also work.
    private func use(_ json: [UInt8]) {
        guard let tokenizer = try? Tokenizer(json: json) else { return }
        _ = tokenizer.encode("ab Ä [SEP] \u{0}", pair: "b", maximumTokens: 4, recordOffsets: true)
        _ = tokenizer.encode("ﬁ 12q\n", pair: "")
    }

    @Test func everyTruncatedFileIsRefused() throws {
        for json in [good.encoded(), bpe.encoded(), unigram.encoded()] {
            _ = try Tokenizer(json: json)
            for count in json.indices {
                #expect(throws: TokenizerError.self) { try Tokenizer(json: Array(json[..<count])) }
            }
        }
    }

    @Test func everyValueCanBeOfAnyType() {
        let others: [JSONValue] = [nil, true, -1, 4_294_967_296, 1e300, 0.5, "", "x", [], [nil], [:], ["type": "x"]]
        for other in others {
            for json in [good, bpe, unigram] {
                for mutated in json.replacingEachValue(with: other) { use(mutated.encoded()) }
            }
        }
    }

    @Test func damagedBytesNeverTrap() {
        var random = SeededGenerator(seed: 7)
        for round in 0..<6000 {
            var damaged = [good, bpe, unigram][round % 3].encoded()
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            use(damaged)
        }
    }

    @Test(arguments: [
        ["normalizer", "Uppercase"], ["pre_tokenizer", "UnicodeScripts"], ["post_processor", "Joined"],
        ["model", "Transducer"],
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
