// SPDX-License-Identifier: Apache-2.0
//
// What the embedding service takes and gives, free of any wire format.

public import Inference

public struct EmbedRequest: Sendable {
    public enum Input: Sendable {
        case texts([String])
        case tokens([[Int32]])

        public var count: Int {
            switch self {
            case .texts(let texts): texts.count
            case .tokens(let sequences): sequences.count
            }
        }
    }

    /// What to do with a text longer than the model's limit.
    public enum Overlength: Sendable {
        case cutEnd
        case cutBeginning
        case refuse
        /// Embed every stretch of the text and average them, weighted by length.
        case average
    }

    public var input: Input
    /// Nil for the default model.
    public var model: String?
    /// The prompt to put before every text.
    public var prompt: PromptChoice = .standard
    /// Keep only the first values of each vector; nil for all.
    public var dimensions: Int?
    /// Nil for what the model's repository says.
    public var normalize: Bool?
    public var overlength: Overlength = .cutEnd
    public var lane: Lane = .normal
    /// Who asks; lanes are fair between clients.
    public var client: ClientID = .unknown
    public var deadline: ContinuousClock.Instant?
    /// Whether the instant model may answer while the one that was asked for is loaded; the outcome says which did.
    public var allowsInstant = false
    /// Refuse to answer with vectors of another space.
    public var expectedSpace: String?

    public init(_ input: Input) { self.input = input }
}

/// Tokens of one input that was cut.
public struct Truncated: Sendable, Hashable {
    public var index: Int
    public var tokens: Int
    public var used: Int
}

public struct EmbedOutcome: Sendable {
    public var model: String
    public var spaceID: String
    public var dimensions: Int
    /// Row-major, `dimensions` values per input, in the order of the inputs.
    public var vectors: [Float]
    /// Tokens computed, special tokens included.
    public var tokens: Int
    public var truncated: [Truncated]
    public var cost: Cost

    /// Where the time went.
    public struct Cost: Sendable {
        /// From the request's arrival until a thread took its first piece of work.
        public var queue: Duration = .zero
        /// Thread time spent in the tokenizer, added up.
        public var tokenize: Duration = .zero
        /// Thread time spent in the model, added up.
        public var inference: Duration = .zero
    }
}
