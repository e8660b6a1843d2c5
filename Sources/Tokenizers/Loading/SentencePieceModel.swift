// SPDX-License-Identifier: Apache-2.0
//
// The content of a SentencePiece `.model` file, as far as tokenizing needs it
// (sentencepiece_model.proto in github.com/google/sentencepiece).

struct SentencePieceModel {
    enum Kind: UInt64 {
        case unigram = 1
        case bpe = 2
        case word = 3
        case character = 4
    }

    struct Piece {
        enum Kind: UInt64 {
            case normal = 1
            case unknown = 2
            case control = 3
            case userDefined = 4
            case unused = 5
            case byte = 6
        }

        var text: String = ""
        var score: Float = 0
        var kind = Kind.normal
    }

    private(set) var pieces: [Piece] = []
    private(set) var kind = Kind.unigram
    /// Replacement rules for `PrecompiledNormalizer`; empty where there are none.
    private(set) var replacementRules: [UInt8] = []

    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) throws(TokenizerError) {
        self.bytes = bytes
        guard bytes.count <= Int(Int32.max) else { throw .malformed("\(bytes.count) bytes are too many") }
        var message = ProtocolBuffer(bytes, 0..<bytes.count)
        while let field = try message.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let range)): pieces.append(try piece(range))
            case (2, .bytes(let range)): try readTraining(range)
            case (3, .bytes(let range)): try readNormalization(range)
            case (1...3, _): throw unexpected("the model", field)
            default: break
            }
        }
        guard !pieces.isEmpty else { throw .malformed("the SentencePiece model has no pieces") }
    }

    private func piece(_ range: Range<Int>) throws(TokenizerError) -> Piece {
        var piece = Piece()
        var message = ProtocolBuffer(bytes, range)
        while let field = try message.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let range)): piece.text = try text(range)
            case (2, .fixed32(let bits)): piece.score = Float(bitPattern: bits)
            case (3, .varint(let number)):
                guard let kind = Piece.Kind(rawValue: number) else {
                    throw .malformed("the SentencePiece model has a piece of type \(number)")
                }
                piece.kind = kind
            case (1...3, _): throw unexpected("a piece", field)
            default: break
            }
        }
        guard piece.score.isFinite else {
            throw .malformed("the SentencePiece model's piece '\(piece.text)' has the score \(piece.score)")
        }
        return piece
    }

    /// TrainerSpec.
    private mutating func readTraining(_ range: Range<Int>) throws(TokenizerError) {
        var message = ProtocolBuffer(bytes, range)
        while let field = try message.next() {
            guard field.number == 3 else { continue }
            guard case .varint(let number) = field.value, let kind = Kind(rawValue: number) else {
                throw unexpected("its training", field)
            }
            self.kind = kind
        }
    }

    /// NormalizerSpec.
    private mutating func readNormalization(_ range: Range<Int>) throws(TokenizerError) {
        var message = ProtocolBuffer(bytes, range)
        while let field = try message.next() {
            guard field.number == 2 else { continue }
            guard case .bytes(let range) = field.value else { throw unexpected("its normalization", field) }
            replacementRules = Array(bytes[range])
        }
    }

    private func text(_ range: Range<Int>) throws(TokenizerError) -> String {
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw .malformed("the SentencePiece model has a text that is not UTF-8 at byte \(range.lowerBound)")
        }
        return text
    }

    private func unexpected(_ place: String, _ field: ProtocolBuffer.Field) -> TokenizerError {
        .malformed("the SentencePiece model has a wrong value of the field \(field.number) in \(place)")
    }
}
