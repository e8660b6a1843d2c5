// SPDX-License-Identifier: Apache-2.0
//
// Cross-encoders: tokens and scores equal those of sentence-transformers, and what callers may ask of them.

import Inference
import JSON
import TestSupport
import Testing

@Suite("Reranker against sentence-transformers")
struct RerankerReferenceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var repository: String
        var index: Int
        var testDescription: String { "\(repository.split(separator: "/").last ?? "") \(index)" }
    }

    static let cases = [(Fixture.cross, 6), (Fixture.labels, 2)].flatMap { repository, count in
        (0..<count).map { Case(repository: repository, index: $0) }
    }

    static let families = [
        "roberta", "xlm-roberta", "electra", "mpnet", "distilbert", "modernbert", "modernbert-biased", "deberta-v2",
        "gte", "nomic_bert", "eurobert",
    ]

    @Test(arguments: cases)
    func tokensAndScoresAreEqual(item: Case) throws {
        let json = try Fixture.json(item.repository + "/expected.json")
        let folder = try TemporaryFolder(copyOf: item.repository)
        try compare(folder, try #require(json["cases"]?.array?[item.index]), pairs: json["pairs"])
    }

    @Test(arguments: families)
    func scoresOfEveryFamilyAreEqual(family: String) throws {
        let repository = Fixture.crossFamilies + "/" + family
        let json = try Fixture.json(repository + "/expected.json")
        let cases = try #require(json["cases"]?.array)
        #expect(!cases.isEmpty)
        for expected in cases {
            let folder = try TemporaryFolder(copyOf: repository)
            for name in ["tokenizer.json", "tokenizer_config.json"] {
                folder.write(try #require(readFile(Fixture.cross + "/" + name)), to: name)
            }
            try folder.edit("tokenizer_config.json", ["model_input_names": ["input_ids", "attention_mask"]])
            try compare(folder, expected, pairs: json["pairs"])
        }
    }

    private func compare(_ folder: TemporaryFolder, _ expected: JSONValue, pairs: JSONValue?) throws {
        try folder.change(expected["files"])
        let reranker = try Reranker.load(folder: folder.path, options: LoadOptions(precision: .f32))
        let batch = try (pairs?.array ?? []).map { pair in
            try reranker.tokenize(query: pair.array?[0].string ?? "", document: pair.array?[1].string ?? "")
        }
        #expect(batch.count >= 12)
        for (text, ids) in zip(batch, expected["ids"]?.array ?? []) {
            #expect(text.ids == (ids.array ?? []).map { Int32($0.integer ?? -1) })
        }
        for (key, raw) in [("scores", false), ("raw", true)] {
            let ours = try reranker.scores(batch, raw: raw)
            let theirs = floatRows(expected[key])
            #expect(ours.count == theirs.count)
            for (ours, theirs) in zip(ours, theirs) {
                #expect(ours.count == theirs.count)
                #expect(largestDifference(ours, theirs) < 1e-5)
            }
        }
    }
}

@Suite("Reranker")
struct RerankerTests {
    private let pairs = [
        ("quiet river", "The quiet river finds every bridge."), ("a", ""), ("", ""),
        ("matrix", String(repeating: "word ", count: 90)), ("def f(x):", "return x\n"), ("東京", "東京都の天気"),
    ]

    private func batch(_ reranker: Reranker) throws -> [TokenizedText] {
        try pairs.map { try reranker.tokenize(query: $0, document: $1) }
    }

    private func error(
        _ repository: String = Fixture.cross, _ change: (TemporaryFolder) throws -> Void
    ) -> ModelError? {
        #expect(throws: ModelError.self) {
            let folder = try TemporaryFolder(copyOf: repository)
            try change(folder)
            _ = try Reranker.load(folder: folder.path)
        }
    }

    @Test func scoresAreTheSameAloneInABatchAndWithATeam() throws {
        let reranker = try Reranker.load(folder: Fixture.labels)
        let batch = try batch(reranker)
        let together = try reranker.scores(batch)
        #expect(try batch.map { try reranker.scores([$0])[0] } == together)
        #expect(try reranker.scores(batch.reversed()) == together.reversed())
        let many = Array(repeating: batch, count: 40).flatMap { $0 }
        #expect(
            try reranker.scores(many, team: ComputeTeam(size: 3)) == many.indices.map { together[$0 % batch.count] })
    }

    @Test func describesItself() throws {
        let reranker = try Reranker.load(folder: Fixture.labels)
        #expect(reranker.classification.labels == ["LABEL_0", "LABEL_1", "LABEL_2"])
        #expect(reranker.classification.activation == nil)
        #expect(reranker.description.kind == .reranker)
        #expect(reranker.description.dimensions == 3)
        let one = try Reranker.load(folder: Fixture.cross)
        #expect(one.classification.activation == .sigmoid)
        #expect(
            "\(one.description)" == """
                BERT with one layer of 32 (4 heads, feed-forward 64, gelu); 420 WordPiece tokens; F32 weights of 0 MB; \
                cls pooling; dense 32 → 32 (tanh); dense 32 → 1; cross-encoder with one label, sigmoid scores; \
                at most 48 tokens; no prompts
                """)
    }

    @Test func sigmoidScoresKeepTheOrderOfRawOnes() throws {
        let reranker = try Reranker.load(folder: Fixture.cross)
        let batch = try batch(reranker)
        let (raw, scores) = (try reranker.scores(batch, raw: true), try reranker.scores(batch))
        func order(_ rows: [[Float]]) -> [Int] { rows.indices.sorted { rows[$0][0] > rows[$1][0] } }
        #expect(order(raw) == order(scores))
        #expect(scores.allSatisfy { $0[0] > 0 && $0[0] < 1 })
    }

    @Test func longPairsAreCutOrLeft() throws {
        let reranker = try Reranker.load(folder: Fixture.cross)
        let document = String(repeating: "a ", count: 100)
        let cut = try reranker.tokenize(query: "a a", document: document)
        #expect(cut.used == 48)
        #expect(cut.tokens == 105)
        #expect(cut.typeIDs == Array(repeating: 0, count: 4) + Array(repeating: 1, count: 44))
        let whole = try reranker.tokenize(query: "a a", document: document, truncates: false)
        #expect(whole.used == 105)
        #expect(throws: ModelError.self) { try reranker.scores([whole]) }
    }

    @Test func anEmptyBatchHasNoScores() throws {
        #expect(try Reranker.load(folder: Fixture.cross).scores([]).isEmpty)
    }

    @Test(arguments: [Precision.bf16, .int8])
    func otherPrecisionsAreNear(precision: Precision) throws {
        let exact = try Reranker.load(folder: Fixture.cross, options: LoadOptions(precision: .f32))
        let fast = try Reranker.load(folder: Fixture.cross, options: LoadOptions(precision: precision))
        for (a, b) in zip(try exact.scores(try batch(exact)), try fast.scores(try batch(fast))) {
            #expect(largestDifference(a, b) < (precision == .bf16 ? 0.02 : 0.1))
        }
    }

    // MARK: - Kinds and refusals

    @Test func kindsAreTold() throws {
        #expect(try ModelKind(folder: Fixture.cross) == .reranker)
        #expect(try ModelKind(folder: Fixture.sentence) == .embedder)
        #expect(try ModelKind(folder: Fixture.plain) == .embedder)
        #expect(try ModelKind(folder: Fixture.tokenTable) == .embedder)
        guard case .reranker = try LoadedModel.load(folder: Fixture.cross) else { return #expect(Bool(false)) }
        guard case .embedder = try LoadedModel.load(folder: Fixture.sentence) else { return #expect(Bool(false)) }
    }

    @Test func theWrongKindIsNamed() {
        let embedder = #expect(throws: ModelError.self) { try Embedder.load(folder: Fixture.cross) }
        #expect(embedder?.code == .unsupported)
        #expect(embedder?.message.contains("cross-encoder") == true)
        let reranker = #expect(throws: ModelError.self) { try Reranker.load(folder: Fixture.sentence) }
        #expect(reranker?.code == .unsupported)
        #expect(reranker?.message.contains("embedding model") == true)
    }

    @Test func otherClassesOfSentenceTransformersAreNamed() {
        let sparse = error { $0.write(#"{"model_type": "SparseEncoder"}"#, to: "config_sentence_transformers.json") }
        #expect(sparse?.code == .unsupported)
        #expect(sparse?.message.contains("SparseEncoder") == true)
    }

    @Test func missingClassifierTensorsAreNamed() {
        for name in ["classifier.weight", "bert.pooler.dense.bias"] {
            let error = error { folder in
                var weights = try WeightFile(reading: folder.path + "/model.safetensors")
                weights.entries.removeAll { $0.name == name }
                folder.write(weights.encoded, to: "model.safetensors")
            }
            #expect(error?.code == .tensorMissing)
            #expect(error?.message.contains(name) == true)
        }
    }

    @Test func classifiersOfAnotherShapeAreNamed() {
        let error = error { try $0.edit("config.json", ["id2label": ["0": "no", "1": "yes"]]) }
        #expect(error?.code == .tensorShape)
        #expect(error?.message.contains("classifier.weight") == true)
    }

    @Test func damagedClassifiersAreNamed() {
        let error = error { folder in
            var weights = try WeightFile(reading: folder.path + "/model.safetensors")
            weights["classifier.weight"].set(3, .nan)
            folder.write(weights.encoded, to: "model.safetensors")
        }
        #expect(error?.code == .notFinite)
        #expect(error?.message.contains("classifier.weight") == true)
    }

    @Test(arguments: ["torch.nn.modules.activation.Softsign", "my.own.Function"])
    func unknownActivationsAreRefused(path: String) {
        let error = error { try $0.edit("config.json", ["sentence_transformers": ["activation_fn": .string(path)]]) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains(path) == true)
        #expect(error?.message.contains("Sigmoid") == true)
    }

    @Test func picklesAreRefused() {
        let error = error {
            $0.remove("model.safetensors")
            $0.write("x", to: "pytorch_model.bin")
        }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("CrossEncoder") == true)
    }
}

extension Reranker {
    func scores(_ batch: [TokenizedText], team: ComputeTeam? = nil, raw: Bool = false) throws -> [[Float]] {
        var values: [Float] = []
        try scores(batch, workspace: Workspace(), team: team, raw: raw, into: &values)
        let labels = classification.labels.count
        return batch.indices.map { Array(values[$0 * labels..<($0 + 1) * labels]) }
    }
}
