// SPDX-License-Identifier: Apache-2.0
//
// Tokenizers from SentencePiece `.model` files, for repositories without
// `tokenizer.json`.

extension Tokenizer {
    /// Reads the content of a SentencePiece model, of type unigram or BPE.
    ///
    /// The result is what transformers 5 makes of the file (its conversion to the library `tokenizers`). As there, white
    /// space is treated as the family does, whatever the file says of it (`add_dummy_prefix` and the like), and control
    /// and user-defined symbols are found in texts.
    ///
    /// - Throws: `TokenizerError.unsupported` for models of another type than the family's, `TokenizerError.malformed`
    ///   for all that is wrong with the file, or where it lacks tokens that the family has.
    public init(sentencePiece file: [UInt8], family: SentencePieceFamily) throws(TokenizerError) {
        let parts = SentencePieceParts(try SentencePieceModel(file), family)
        try self.init(
            normalizer: try parts.normalizer(), preTokenizer: try parts.preTokenizer(), model: try parts.model(),
            postProcessor: try parts.postProcessor(), addedTokens: parts.addedTokens())
    }
}

/// The stages of the tokenizer.
private struct SentencePieceParts {
    private let file: SentencePieceModel
    private let family: SentencePieceFamily
    /// The tokens and their scores, by id.
    private let tokens: [(text: String, score: Double)]

    private static let mark: Unicode.Scalar = "▁"

    init(_ file: SentencePieceModel, _ family: SentencePieceFamily) {
        self.file = file
        self.family = family
        let pieces = file.pieces.map { (text: $0.text, score: Double($0.score)) }
        switch family {
        case .xlmRoberta:
            let start = ["<s>", "<pad>", "</s>", "<unk>"].map { (text: $0, score: 0.0) }
            tokens = start + pieces.dropFirst(3) + [(text: "<mask>", score: 0)]
        case .t5:
            tokens = pieces + (0..<100).reversed().map { (text: "<extra_id_\($0)>", score: 0) }
        case .llama, .gemma:
            tokens = pieces
        }
    }

    func normalizer() throws(TokenizerError) -> Normalizer? {
        switch family {
        case .xlmRoberta, .t5:
            return file.replacementRules.isEmpty ? nil : .precompiled(try PrecompiledNormalizer(file.replacementRules))
        case .llama: return nil
        case .gemma: return .replace(try RegularExpression(literal: " "), String(Self.mark))
        }
    }

    func preTokenizer() throws(TokenizerError) -> PreTokenizer? {
        func metaspace(_ prefix: Metaspace.Prefix, splitsWords: Bool) -> PreTokenizer {
            .metaspace(Metaspace(replacement: Self.mark, prefix: prefix, splitsWords: splitsWords))
        }
        switch family {
        case .xlmRoberta, .t5:
            return .sequence([
                .characters(CharacterSplit(at: .whitespace, .removed)), metaspace(.always, splitsWords: true),
            ])
        case .llama(_, _, let legacy): return metaspace(legacy ? .always : .first, splitsWords: false)
        case .gemma:
            return .pattern(
                PatternSplit(
                    expression: try RegularExpression(literal: " "), behavior: .mergedWithPrevious, isInverted: false))
        }
    }

    func model() throws(TokenizerError) -> Model {
        switch family {
        case .xlmRoberta: return try unigram(unknownID: 3)
        case .t5: return try unigram(unknownID: 2)
        case .llama: return try bpe(unknownToken: nil)
        case .gemma: return try bpe(unknownToken: "<unk>")
        }
    }

    private func check(_ kind: SentencePieceModel.Kind) throws(TokenizerError) {
        guard file.kind == kind else {
            throw .unsupported(component: "SentencePiece model", type: "\(file.kind)", supported: ["\(kind)"])
        }
    }

    private func unigram(unknownID: Int32) throws(TokenizerError) -> Model {
        try check(.unigram)
        var list = ScoredTokenList()
        for token in tokens where !list.append(Array(token.text.utf8), score: token.score) {
            throw .malformed("there are too many tokens: \(tokens.count)")
        }
        list.index()
        return .unigram(try Unigram(list, unknownID: unknownID, fallsBackToBytes: false))
    }

    private func bpe(unknownToken: String?) throws(TokenizerError) -> Model {
        try check(.bpe)
        var vocabulary = Vocabulary(minimumCapacity: tokens.count)
        for (id, token) in tokens.enumerated() { vocabulary.insert(token.text.utf8, id: Int32(id)) }
        _ = vocabulary.indexIDs()
        var options = BPE.Options()
        options.unknownID = unknownToken.flatMap { vocabulary.id(of: Array($0.utf8)) }
        options.fusesUnknown = true
        options.fallsBackToBytes = true
        let merges = try MergeTable(tokens.map(\.text), vocabulary)
        return .bpe(BPE(vocabulary: vocabulary, merges: merges, options: options))
    }

    /// Control symbols and those that the user defined are found in the text, and the family's own.
    func addedTokens() -> [AddedToken] {
        let names =
            switch family {
            case .xlmRoberta: ["<s>", "</s>", "<unk>", "<pad>", "<mask>"]
            case .t5: ["</s>", "<unk>", "<pad>"] + (0..<100).reversed().map { "<extra_id_\($0)>" }
            case .llama: ["<s>", "</s>", "<unk>"]
            case .gemma: ["<bos>", "<eos>", "<unk>", "<pad>", "<mask>"]
            }
        var added = names.map(AddedToken.special)
        let isOwn = Set(names.map { Array($0.utf8) })
        for piece in file.pieces where !isOwn.contains(Array(piece.text.utf8)) {
            var token = AddedToken.special(piece.text)
            token.isSpecial = piece.kind == .control
            if piece.kind == .userDefined || piece.kind == .control { added.append(token) }
        }
        return added
    }

    func postProcessor() throws(TokenizerError) -> PostProcessor {
        switch family {
        case .xlmRoberta:
            let single = [special("<s>", 0), .first(typeID: 0), special("</s>", 0)]
            let second = [special("</s>", 0), .second(typeID: 0), special("</s>", 0)]
            return try PostProcessor(checking: single, single + second)
        case .t5:
            let single = [.first(typeID: 0), special("</s>", 0)]
            return try PostProcessor(checking: single, single + [.second(typeID: 0), special("</s>", 0)])
        case .llama(let first, let last, _):
            return try around(first ? "<s>" : nil, last ? "</s>" : nil)
        case .gemma(let first, let last):
            return try around(first ? "<bos>" : nil, last ? "<eos>" : nil)
        }
    }

    private func around(_ first: String?, _ last: String?) throws(TokenizerError) -> PostProcessor {
        func pieces(_ text: PostProcessor.Piece, _ typeID: Int32) -> [PostProcessor.Piece?] {
            (first.map { [special($0, typeID)] } ?? []) + [text] + (last.map { [special($0, typeID)] } ?? [])
        }
        let single = pieces(.first(typeID: 0), 0)
        return try PostProcessor(checking: single, single + pieces(.second(typeID: 1), 1))
    }

    /// Nil where the file lacks the token.
    private func special(_ token: String, _ typeID: Int32) -> PostProcessor.Piece? {
        guard let id = tokens.lastIndex(where: { $0.text.utf8.elementsEqual(token.utf8) }) else { return nil }
        return .special([Int32(id)], typeID: typeID)
    }
}

extension PostProcessor {
    /// One of pieces that may be missing.
    fileprivate init(checking single: [Piece?], _ pair: [Piece?]) throws(TokenizerError) {
        guard !single.contains(nil), !pair.contains(nil) else {
            throw .malformed("the SentencePiece model lacks the tokens that stand before or after a text")
        }
        self.init(single: single.compactMap(\.self), pair: pair.compactMap(\.self))
    }
}

extension MergeTable {
    /// Longer tokens are longer than this in no model; the time to find their merges grows with the square.
    private static let longestToken = 1024

    /// Every way to make a token of two others merges; tokens with lower ids, and shorter left parts, come first.
    fileprivate init(_ tokens: [String], _ vocabulary: Vocabulary) throws(TokenizerError) {
        var merges: [(left: Int32, right: Int32, id: Int32)] = []
        for (id, token) in tokens.enumerated() {
            let bytes = Array(token.utf8)
            guard bytes.count <= Self.longestToken else {
                throw .malformed("the SentencePiece model has a token of \(bytes.count) bytes")
            }
            guard vocabulary.id(of: bytes) == Int32(id) else { continue }
            var hash = Vocabulary.Hash()
            for end in bytes.indices.dropLast() {
                hash.combine(bytes[end])
                let rest = end + 1..<bytes.count
                guard let left = vocabulary.id(of: bytes, 0..<end + 1, hash: hash),
                    let right = vocabulary.id(of: bytes, rest, hash: Vocabulary.Hash(bytes[rest]))
                else { continue }
                merges.append((left, right, Int32(id)))
            }
        }
        self.init(capacity: merges.count)
        for (rank, merge) in merges.enumerated() {
            insert(merge.left, merge.right, Merge(rank: UInt32(rank), id: merge.id))
        }
    }
}
