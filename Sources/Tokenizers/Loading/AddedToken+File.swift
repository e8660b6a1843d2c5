// SPDX-License-Identifier: Apache-2.0
//
// `added_tokens` in `tokenizer.json`.

extension AddedToken {
    init(_ section: FileSection) throws(TokenizerError) {
        // Like the reference, the id in the file is checked and then not used: the vocabulary says which it is.
        _ = try section.count("id")
        self.init(
            content: try section.string("content"),
            isSingleWord: try section.bool("single_word"),
            stripsLeft: try section.bool("lstrip"),
            stripsRight: try section.bool("rstrip"),
            isNormalized: try section.bool("normalized"),
            isSpecial: try section.bool("special"))
    }
}
