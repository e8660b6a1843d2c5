// SPDX-License-Identifier: Apache-2.0
//
// The last stage of a tokenizer: special tokens around one text or two, and
// token types.

struct PostProcessor: Sendable {
    enum Piece: Sendable, Equatable {
        case first(typeID: Int32)
        case second(typeID: Int32)
        case special([Int32], typeID: Int32)
    }

    /// Takes white space at the ends of tokens out of their offsets.
    struct OffsetTrimming: Sendable, Equatable {
        /// Whether a single space before the first token is one that the tokenizer added, and no part of the text.
        let keepsOneLeadingSpace: Bool
    }

    let single: [Piece]
    let pair: [Piece]
    /// Applied in order.
    let trimmings: [OffsetTrimming]

    init(single: [Piece], pair: [Piece], trimmings: [OffsetTrimming] = []) {
        self.single = single
        self.pair = pair
        self.trimmings = trimmings
    }

    /// Where the file has no post-processor.
    static let plain = PostProcessor(single: [.first(typeID: 0)], pair: [.first(typeID: 0), .second(typeID: 1)])

    static func bert(first: Int32, separator: Int32) -> PostProcessor {
        let start: [Piece] = [.special([first], typeID: 0), .first(typeID: 0), .special([separator], typeID: 0)]
        return PostProcessor(single: start, pair: start + [.second(typeID: 1), .special([separator], typeID: 1)])
    }

    /// The count of special tokens.
    func addedTokens(isPair: Bool) -> Int {
        (isPair ? pair : single).reduce(0) { count, piece in
            if case .special(let ids, _) = piece { count + ids.count } else { count }
        }
    }

    /// The largest id that a template adds, or -1.
    var largestID: Int32 {
        (single + pair).reduce(-1) { largest, piece in
            if case .special(let ids, _) = piece { max(largest, ids.max() ?? -1) } else { largest }
        }
    }
}
