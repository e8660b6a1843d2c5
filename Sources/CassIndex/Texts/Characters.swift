// SPDX-License-Identifier: Apache-2.0
//
// Unicode's properties as Rust's standard library asks for them, by which
// cass's texts are cut.

extension Unicode.Scalar {
    var isWhitespace: Bool {
        isASCII ? value == 0x20 || (0x09...0x0D).contains(value) : properties.isWhitespace
    }

    /// `char::is_alphanumeric`: alphabetic, or a number of any kind.
    var isAlphanumeric: Bool {
        if isASCII { return ("0"..."9").contains(self) || ("a"..."z").contains(self) || ("A"..."Z").contains(self) }
        if properties.isAlphabetic { return true }
        switch properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: return true
        default: return false
        }
    }
}

extension [Unicode.Scalar] {
    /// `str::to_lowercase`: the full mapping, with ς where a word ends.
    var lowercased: [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(count)
        for (index, scalar) in enumerated() {
            if scalar.isASCII {
                result.append(("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value | 0x20)) : scalar)
            } else if scalar == "Σ" {
                result.append(isFinalSigma(at: index) ? "ς" : "σ")
            } else {
                result.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
            }
        }
        return result
    }

    /// The condition Final_Sigma (section 3.13 of the Unicode standard).
    private func isFinalSigma(at index: Int) -> Bool {
        func isCased(_ scalars: some Sequence<Unicode.Scalar>) -> Bool {
            scalars.first { !$0.properties.isCaseIgnorable }?.properties.isCased ?? false
        }
        return isCased(self[..<index].reversed()) && !isCased(self[(index + 1)...])
    }
}

extension ArraySlice<Unicode.Scalar> {
    func trimmingStart(_ isTrimmed: (Unicode.Scalar) -> Bool) -> ArraySlice { drop(while: isTrimmed) }

    var trimmed: ArraySlice {
        let start = trimmingStart(\.isWhitespace)
        return start[..<((start.lastIndex { !$0.isWhitespace } ?? start.startIndex - 1) + 1)]
    }

    var text: String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: self)
        return String(text)
    }
}
