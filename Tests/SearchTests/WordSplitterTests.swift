// SPDX-License-Identifier: Apache-2.0
//
// Which terms texts become.

import Testing

@testable import Search

@Suite struct WordSplitterTests {
    @Test(arguments: [
        ("HTTPServer", ["http", "+httpserver", "server"]),
        ("getUserName", ["get", "+getusernam", "user", "name"]),
        ("retry_count", ["retri", "+retrycount", "count"]),
        ("max-age", ["max", "+maxag", "ag"]),
        ("int8", ["int", "+int8", "8"]),
        ("x86_64", ["x", "+x8664", "86", "64"]),
        ("SCREAMING_CASE", ["scream", "+screamingcas", "case"]),
        ("_private __init__", ["privat", "init"]),
        ("foo.bar(baz)", ["foo", "bar", "baz"]),
        ("a - b", ["a", "b"]),
        ("Crème BRÛLÉE", ["creme", "brule"]),
        ("straße Ærø", ["strass", "aero"]),
        ("e\u{301}cole", ["ecol"]),
        ("Ёлка ΣΟΦΌΣ", ["елка", "σοφοσ"]),
        ("日本語", ["日", "+日本", "本", "+本語", "語"]),
        ("検索Index", ["検", "+検索", "索", "index"]),
        ("", []), ("?!… 🔥 -- __", []), ("a\0b", ["a", "b"]),
    ])
    func splits(_ text: String, _ expected: [String]) {
        #expect(WordSplitter.terms(of: text).map { ($0.isColocated ? "+" : "") + $0.text } == expected)
    }

    @Test func sameWordsAreSameTerms() {
        let spellings = ["userName", "UserName", "user_name", "USER_NAME", "user-name", "username"]
        let wholes = spellings.map { WordSplitter.terms(of: $0).first { $0.isColocated || $0.text == "usernam" }?.text }
        #expect(Set(wholes) == ["usernam"])
    }

    @Test func sourcesAreWhereTheTermsAre() {
        let text = "let naïveHTTPUrl = 語彙"
        let bytes = Array(text.utf8)
        let words = WordSplitter.terms(of: text).map { String(decoding: bytes[$0.source], as: UTF8.self) }
        #expect(words == ["let", "naïve", "naïveHTTPUrl", "HTTP", "Url", "語", "語彙", "彙"])
    }

    @Test func dataIsNoManyWords() {
        let data = String(repeating: "aB3dE9", count: 500)
        let terms = WordSplitter.terms(of: data)
        #expect(terms.map(\.text.utf8.count) == [WordSplitter.longestTerm])
    }

    @Test func bytesThatAreNoTextAreSeparators() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let bytes = (0..<Int.random(in: 0...50)).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            var splitter = WordSplitter()
            bytes.withUnsafeBufferPointer { text in
                splitter.forEachTerm(of: text) { term in
                    #expect(term.source.upperBound <= text.count && !term.source.isEmpty)
                    #expect(String(validating: term.bytes, as: UTF8.self) != nil)
                    return true
                }
            }
        }
    }

    /// From the vocabulary that the author of the algorithm publishes with it.
    @Test(arguments: [
        ("caresses", "caress"), ("ponies", "poni"), ("ties", "ti"), ("cats", "cat"), ("feed", "feed"),
        ("agreed", "agre"), ("plastered", "plaster"), ("bled", "bled"), ("motoring", "motor"), ("sing", "sing"),
        ("conflated", "conflat"), ("troubled", "troubl"), ("sized", "size"), ("hopping", "hop"), ("tanned", "tan"),
        ("falling", "fall"), ("hissing", "hiss"), ("fizzed", "fizz"), ("failing", "fail"), ("filing", "file"),
        ("happy", "happi"), ("sky", "sky"), ("relational", "relat"), ("conditional", "condit"), ("rational", "ration"),
        ("digitizer", "digit"), ("vietnamization", "vietnam"), ("predication", "predic"), ("operator", "oper"),
        ("feudalism", "feudal"), ("decisiveness", "decis"), ("hopefulness", "hope"), ("formaliti", "formal"),
        ("triplicate", "triplic"), ("formative", "form"), ("electriciti", "electr"), ("goodness", "good"),
        ("revival", "reviv"), ("allowance", "allow"), ("inference", "infer"), ("airliner", "airlin"),
        ("adjustable", "adjust"), ("replacement", "replac"), ("adoption", "adopt"), ("communism", "commun"),
        ("activate", "activ"), ("effective", "effect"), ("probate", "probat"), ("rate", "rate"), ("cease", "ceas"),
        ("controll", "control"), ("roll", "roll"), ("retries", "retri"), ("retry", "retri"), ("retrying", "retri"),
        ("caching", "cach"), ("cache", "cach"), ("embedded", "embed"), ("embeddings", "embed"),
        ("generalizations", "gener"),
    ])
    func stems(_ word: String, _ stem: String) {
        var bytes = Array(word.utf8)
        PorterStemmer.stem(&bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == stem)
    }
}
