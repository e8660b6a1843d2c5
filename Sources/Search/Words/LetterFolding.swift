// SPDX-License-Identifier: Apache-2.0
//
// Letters without case and diacritics, beyond ASCII: é is e, Й is и. What is not
// in the table here keeps its form and loses its case only.

enum LetterFolding {
    /// Appends the UTF-8 of the letter's lower case without diacritics.
    static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
        guard let scalar = Unicode.Scalar(scalar) else { return }
        let lower = scalar.properties.changesWhenLowercased ? scalar.properties.lowercaseMapping.unicodeScalars : nil
        for scalar in lower ?? String.UnicodeScalarView([scalar]) {
            // What lower case decomposes, such as the dot of a capital I.
            if (0x300...0x36F).contains(scalar.value) { continue }
            if let base = folded[scalar] {
                bytes.append(contentsOf: base)
            } else {
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.EncodedScalar.encodedReplacementCharacter)
            }
        }
    }

    private static let folded = Dictionary(
        letters.flatMap { base, variants in variants.unicodeScalars.map { ($0, Array(base.utf8)) } },
        uniquingKeysWith: { first, _ in first })

    /// The lower-case letters of Latin, Greek and Cyrillic that decompose into a letter and marks (Unicode 15, NFD), and
    /// some that do not but are commonly written without what sets them apart.
    private static let letters: KeyValuePairs<String, String> = [
        "a": "àáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặ",
        "ae": "ǣǽæ",
        "b": "ḃḅḇƀ",
        "c": "çćĉċčḉ",
        "d": "ďḋḍḏḑḓđð",
        "e": "èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệ",
        "f": "ḟ",
        "g": "ĝğġģǧǵḡ",
        "h": "ĥȟḣḥḧḩḫẖħ",
        "i": "ìíîïĩīĭįǐȉȋḭḯỉịı",
        "j": "ĵǰ",
        "k": "ķǩḱḳḵ",
        "l": "ĺļľḷḹḻḽł",
        "m": "ḿṁṃ",
        "n": "ñńņňǹṅṇṉṋ",
        "o": "òóôõöōŏőơǒǫǭǿȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợø",
        "oe": "œ",
        "p": "ṕṗ",
        "r": "ŕŗřȑȓṙṛṝṟ",
        "s": "śŝşšșṡṣṥṧṩẛſ",
        "ss": "ß",
        "t": "ţťțṫṭṯṱẗŧ",
        "th": "þ",
        "u": "ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự",
        "v": "ṽṿ",
        "w": "ŵẁẃẅẇẉẘ",
        "x": "ẋẍ",
        "y": "ýÿŷȳẏẙỳỵỷỹ",
        "z": "źżžẑẓẕ",
        "ʒ": "ǯ",
        "α": "άἀἁἂἃἄἅἆἇὰάᾀᾁᾂᾃᾄᾅᾆᾇᾰᾱᾲᾳᾴᾶᾷ",
        "ε": "έἐἑἒἓἔἕὲέ",
        "η": "ήἠἡἢἣἤἥἦἧὴήᾐᾑᾒᾓᾔᾕᾖᾗῂῃῄῆῇ",
        "ι": "ΐίϊἰἱἲἳἴἵἶἷὶίῐῑῒΐῖῗ",
        "ο": "όὀὁὂὃὄὅὸό",
        "ρ": "ῤῥ",
        "σ": "ς",
        "υ": "ΰϋύὐὑὒὓὔὕὖὗὺύῠῡῢΰῦῧ",
        "ω": "ώὠὡὢὣὤὥὦὧὼώᾠᾡᾢᾣᾤᾥᾦᾧῲῳῴῶῷ",
        "а": "ӑӓ",
        "г": "ѓ",
        "е": "ѐёӗ",
        "ж": "ӂӝ",
        "з": "ӟ",
        "и": "йѝӣӥ",
        "к": "ќ",
        "о": "ӧ",
        "у": "ўӯӱӳ",
        "ч": "ӵ",
        "ы": "ӹ",
        "э": "ӭ",
        "і": "ї",
        "ѵ": "ѷ",
        "ә": "ӛ",
        "ө": "ӫ",
    ]
}
