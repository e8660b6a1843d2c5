// SPDX-License-Identifier: Apache-2.0
//
// A token that is found in the text before the model sees it.

struct AddedToken: Sendable, Equatable {
    var content: String
    /// Whether it matches whole words only.
    var isSingleWord: Bool
    /// Whether it takes the white space before it.
    var stripsLeft: Bool
    /// Whether it takes the white space after it.
    var stripsRight: Bool
    /// Whether its normal form is looked for in the normal form of the text.
    var isNormalized: Bool
    /// Whether it stands for structure rather than text, like `[SEP]`.
    var isSpecial: Bool

    static func special(_ content: String) -> AddedToken {
        AddedToken(
            content: content, isSingleWord: false, stripsLeft: false, stripsRight: false, isNormalized: false,
            isSpecial: true)
    }

    /// Equality of the bytes of the content, not of its canonical equivalents.
    static func == (a: AddedToken, b: AddedToken) -> Bool {
        a.content.utf8.elementsEqual(b.content.utf8) && a.isSingleWord == b.isSingleWord
            && a.stripsLeft == b.stripsLeft && a.stripsRight == b.stripsRight && a.isNormalized == b.isNormalized
            && a.isSpecial == b.isSpecial
    }
}
