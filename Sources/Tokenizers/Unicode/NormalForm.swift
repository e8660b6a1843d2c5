// SPDX-License-Identifier: Apache-2.0
//
// Unicode's normal form C for texts that no tokenizer sees.

public enum NormalForm {
    /// The text in NFC (Unicode Standard Annex #15), in the version of Unicode that tokenizers have here.
    public static func composed(_ text: String) -> String {
        String(decoding: Normalizer.unicode(.nfc).normalize(text), as: UTF8.self)
    }
}
