// SPDX-License-Identifier: Apache-2.0
//
// What Unicode says about a scalar, in the versions that the reference
// implementation uses (see Scripts/make-unicode-tables).

struct ScalarProperties: Sendable, Equatable {
    private let bits: UInt32

    /// - Parameter scalar: below 0x110000.
    init(_ scalar: UInt32) {
        let block = UnicodeTables.blockIndex[Int(scalar >> UnicodeTables.blockShift)]
        let offset = scalar & (1 << UnicodeTables.blockShift - 1)
        let record = UnicodeTables.blocks[Int(block << UnicodeTables.blockShift | offset)]
        bits = UnicodeTables.records[Int(record)]
    }

    var isWhitespace: Bool { bits & UnicodeTables.whitespace != 0 }
    /// Control, format and private-use characters, NUL and U+FFFD, without tab, line feed and carriage return.
    var isRemovedByCleaning: Bool { bits & UnicodeTables.removed != 0 }
    var isNonspacingMark: Bool { bits & UnicodeTables.nonspacingMark != 0 }
    /// ASCII punctuation and symbols, and the categories P*.
    var isPunctuation: Bool { bits & UnicodeTables.punctuation != 0 }
    /// The CJK blocks that BERT sets apart.
    var isIdeograph: Bool { bits & UnicodeTables.ideograph != 0 }
    /// `\w` of a regular expression.
    var isWord: Bool { bits & UnicodeTables.word != 0 }
    var hasLowercase: Bool { bits & UnicodeTables.lowercases != 0 }
    var hasDecomposition: Bool { bits & UnicodeTables.decomposes != 0 }
    /// Whether the compatibility decomposition differs from the canonical one.
    var hasCompatibilityDecomposition: Bool { bits & UnicodeTables.decomposesCompatibly != 0 }
    /// Whether NFC can change the scalar, or what follows a starter can depend on it.
    var isUnstable: Bool { bits & UnicodeTables.unstable != 0 }
    /// The same for NFKC.
    var isCompatiblyUnstable: Bool { bits & UnicodeTables.unstableCompatibly != 0 }
    /// The categories M*.
    var isMark: Bool { bits & UnicodeTables.mark != 0 }
    /// The categories N*.
    var isNumeric: Bool { bits & UnicodeTables.numeric != 0 }
    /// `\w` as the reference's engine for the patterns of files sees it.
    var isRegexWord: Bool { bits & UnicodeTables.regexWord != 0 }
    /// 0 for a starter, else a number that orders marks like their canonical combining classes.
    var combiningRank: UInt8 { UInt8(truncatingIfNeeded: bits >> UnicodeTables.combiningRankShift & 0x3F) }
    /// A set of one general category.
    var category: GeneralCategories { GeneralCategories(rawValue: 1 << (bits >> UnicodeTables.categoryShift & 0x1F)) }
    var clusterClass: ClusterClass {
        ClusterClass(rawValue: UInt8(truncatingIfNeeded: bits >> UnicodeTables.clusterShift & 0xF)) ?? .other
    }
}
