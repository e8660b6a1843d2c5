// SPDX-License-Identifier: Apache-2.0
//
// Puts an encoding together from the tokens of one text or two.

struct Assembly {
    typealias Part = (tokens: TokenList, range: Range<Int>)

    var encoding = Encoding()
    var first: Part = (TokenList(), 0..<0)
    var second: Part = (TokenList(), 0..<0)

    private let tokenizer: Tokenizer
    private let addSpecialTokens: Bool
    private let recordOffsets: Bool

    init(_ tokenizer: Tokenizer, addSpecialTokens: Bool, recordOffsets: Bool) {
        self.tokenizer = tokenizer
        self.addSpecialTokens = addSpecialTokens
        self.recordOffsets = recordOffsets
    }

    mutating func append(_ template: [PostProcessor.Piece]) {
        for piece in template {
            switch piece {
            case .first(let typeID): append(first, typeID: typeID)
            case .second(let typeID): append(second, typeID: typeID)
            case .special(let ids, let typeID):
                guard addSpecialTokens else { continue }
                encoding.ids.append(contentsOf: ids)
                encoding.sourceTokenCount += ids.count
                extend(typeID: typeID, isSpecial: true)
                if recordOffsets { encoding.offsets.append(contentsOf: repeatElement(0..<0, count: ids.count)) }
            }
        }
    }

    private mutating func append(_ part: Part, typeID: Int32) {
        encoding.ids.append(contentsOf: part.tokens.ids[part.range])
        encoding.sourceTokenCount += part.tokens.ids.count
        extend(typeID: typeID, isSpecial: false)
        guard recordOffsets else { return }
        let trimmings = tokenizer.postProcessor.trimmings
        guard !trimmings.isEmpty else {
            return encoding.offsets.append(contentsOf: part.tokens.offsets[part.range])
        }
        for index in part.range {
            var offsets = part.tokens.offsets[index]
            let margins = margins(part.tokens, index)
            for trimming in trimmings {
                let isFirst = index == part.range.lowerBound || offsets.lowerBound == 0
                offsets = margins.trimming(offsets, keepsOneLeadingSpace: isFirst && trimming.keepsOneLeadingSpace)
            }
            encoding.offsets.append(offsets)
        }
    }

    private func margins(_ tokens: TokenList, _ index: Int) -> OffsetMargins {
        tokens.margins[index] ?? OffsetMargins(of: tokenizer.model.vocabulary.token(for: tokens.ids[index]) ?? [])
    }

    /// Brings types and flags up to the count of ids.
    private mutating func extend(typeID: Int32, isSpecial: Bool) {
        let count = encoding.ids.count - encoding.typeIDs.count
        encoding.typeIDs.append(contentsOf: repeatElement(typeID, count: count))
        encoding.isSpecial.append(contentsOf: repeatElement(isSpecial, count: count))
    }
}
