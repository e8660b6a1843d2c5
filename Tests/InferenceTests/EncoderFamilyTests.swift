// SPDX-License-Identifier: Apache-2.0
//
// Every encoder family against its reference implementation, and against itself
// in other batches and teams (Scripts/make-encoder-fixtures).

import Inference
import JSON
import TestSupport
import Testing

/// A committed model of one family.
struct FamilyFixture: Sendable, CustomTestStringConvertible {
    let name: String

    var folder: String { Fixture.folder + "/families/" + name }
    var testDescription: String { name }

    static let all = [
        "roberta", "xlm-roberta", "mpnet", "distilbert", "modernbert", "modernbert-biases", "nomic-bert", "gte",
        "gte-ntk", "deberta", "deberta-unshared", "eurobert", "qwen3", "gemma3", "gemma3-causal", "jina", "jina-code",
    ].map(FamilyFixture.init)

    func expectation() throws -> (texts: [TokenizedText], vectors: [[Float]]) {
        let json = try Fixture.json(folder + "/expected.json")
        let types = json["types"]?.array
        let texts = (json["ids"]?.array ?? []).enumerated().map { index, row in
            let ids = (row.array ?? []).compactMap { $0.integer.map(Int32.init) }
            let segments = types?[index].array?.compactMap { $0.integer.map(Int32.init) }
            return TokenizedText(
                ids: ids, typeIDs: segments ?? Array(repeating: 0, count: ids.count), tokens: ids.count)
        }
        return (texts, floatRows(json["embeddings"]))
    }

    /// Loads a copy after a change.
    func load(_ change: (TemporaryFolder) throws -> Void) throws -> Embedder {
        let copy = try TemporaryFolder(copyOf: folder)
        try change(copy)
        return try Embedder.load(folder: copy.path, options: LoadOptions(precision: .f32))
    }
}

@Suite("Encoder families")
struct EncoderFamilyTests {
    @Test(arguments: FamilyFixture.all, ["portable", "neon", "avx2", "avx512", "amx"])
    func vectorsAreTheReferences(fixture: FamilyFixture, instructionSet: String) throws {
        guard let embedder = try loadIfPossible(fixture.folder, instructionSet) else { return }
        let (texts, expected) = try fixture.expectation()
        #expect(texts.count >= 9)
        for (ours, theirs) in zip(try embedder.vectors(texts), expected) {
            #expect(cosine(ours, theirs) > 0.99999)
            #expect(largestDifference(ours, theirs) < 1e-4)
        }
    }

    @Test(arguments: FamilyFixture.all)
    func roundedArithmeticStaysClose(fixture: FamilyFixture) throws {
        let (texts, expected) = try fixture.expectation()
        for (precision, least) in [(Precision.bf16, 0.9998), (.int8, 0.998)] {
            let embedder = try Embedder.load(folder: fixture.folder, options: LoadOptions(precision: precision))
            for (ours, theirs) in zip(try embedder.vectors(texts), expected) {
                #expect(cosine(ours, theirs) > least, "\(precision)")
            }
        }
    }

    @Test(arguments: FamilyFixture.all, Precision.allCases)
    func neitherBatchNorTeamLeavesATrace(fixture: FamilyFixture, precision: Precision) throws {
        let embedder = try Embedder.load(folder: fixture.folder, options: LoadOptions(precision: precision))
        let (texts, _) = try fixture.expectation()
        let alone = try texts.map { try embedder.vectors([$0])[0] }
        var random = SeededGenerator(seed: 11)
        for size in [1, 2, 3, 5] {
            let team = ComputeTeam(size: size)
            // One text at a time takes the way by columns where it is short.
            for index in texts.indices {
                var vector: [Float] = []
                try embedder.embed([texts[index]], workspace: Workspace(), team: team, into: &vector)
                #expect(vector == alone[index], "\(texts[index].used) tokens, team of \(size)")
            }
            for _ in 0..<4 {
                let chosen = texts.indices.shuffled(using: &random).prefix(Int.random(in: 2...9, using: &random))
                var vectors: [Float] = []
                try embedder.embed(chosen.map { texts[$0] }, workspace: Workspace(), team: team, into: &vectors)
                #expect(vectors == chosen.flatMap { alone[$0] }, "team of \(size)")
            }
        }
    }

    @Test(arguments: FamilyFixture.all)
    func textsBeyondThePositionsAreRefused(fixture: FamilyFixture) throws {
        let embedder = try Embedder.load(folder: fixture.folder, options: LoadOptions(precision: .f32))
        #expect(embedder.description.maxTokens == 96)
        #expect(try embedder.vectors(ids: [Array(repeating: 5, count: 96)]).count == 1)
        let error = #expect(throws: ModelError.self) { try embedder.tokenized(ids: Array(repeating: 5, count: 97)) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("96") == true)
    }

    // MARK: - What a token sees

    private func pool(_ folder: TemporaryFolder, by mode: String) throws {
        folder.write(
            """
            [{"path": "", "type": "sentence_transformers.models.Transformer"},
             {"path": "pooling", "type": "sentence_transformers.models.Pooling"}]
            """, to: "modules.json")
        folder.write(#"{"pooling_mode": "\#(mode)"}"#, to: "pooling/config.json")
    }

    /// Where one token is read, the last block computes nothing else; vectors may not show it.
    @Test(arguments: FamilyFixture.all, ["cls", "lasttoken"])
    func aTokenThatIsReadAloneIsThatAmongAll(fixture: FamilyFixture, mode: String) throws {
        let embedder = try fixture.load { try pool($0, by: mode) }
        let texts = try fixture.expectation().texts
        for size in [1, 2, 5] {
            let team = ComputeTeam(size: size)
            let tokens = try embedder.unpooledVectors(texts, workspace: Workspace(), team: team)
            let expected = tokens.flatMap { text in
                mode == "cls" ? text.values.prefix(text.dimensions) : text.values.suffix(text.dimensions)
            }
            var vectors: [Float] = []
            try embedder.embed(texts, workspace: Workspace(), team: team, normalize: false, into: &vectors)
            #expect(vectors == expected, "team of \(size)")
        }
    }

    /// The first token's vector, of a model with these changes to its configuration.
    private func firstToken(
        _ name: String, _ changes: [String: JSONValue?], _ ids: [Int32]
    ) throws -> [Float] {
        let embedder = try FamilyFixture(name: name).load { folder in
            try folder.edit("config.json", changes)
            try pool(folder, by: "cls")
        }
        return try embedder.vectors(ids: [ids])[0]
    }

    @Test(arguments: [("modernbert", 12), ("gemma3", 12)])
    func windowsEndWhereTheySay(name: String, reach: Int) throws {
        // Three blocks that see 4 tokens to either side.
        let sliding: [String: JSONValue?] = [
            "layer_types": .array(Array(repeating: "sliding_attention", count: 3))
        ]
        let ids = (0..<40).map { Int32($0 + 5) }
        let vector = try firstToken(name, sliding, ids)
        var changed = ids
        changed[reach + 1] = 50
        #expect(try firstToken(name, sliding, changed) == vector)
        changed = ids
        changed[reach] = 50
        #expect(try firstToken(name, sliding, changed) != vector)
    }

    @Test(arguments: ["qwen3", "gemma3-causal"])
    func causalModelsDoNotLookAhead(name: String) throws {
        let vector = try firstToken(name, [:], [5])
        #expect(cosine(try firstToken(name, [:], [5, 6, 7, 8]), vector) > 0.999999)
        let key = name == "qwen3" ? "is_causal" : "use_bidirectional_attention"
        let changes: [String: JSONValue?] = [key: .bool(name != "qwen3")]
        #expect(cosine(try firstToken(name, changes, [5, 6, 7, 8]), vector) < 0.999)
    }

    // MARK: - Older configurations

    private static let olderKeys: [(String, [String: JSONValue?])] = [
        (
            "modernbert",
            [
                "rope_parameters": nil, "layer_types": nil, "global_attn_every_n_layers": 2,
                "global_rope_theta": 160000.0, "local_rope_theta": 10000.0,
            ]
        ),
        ("qwen3", ["rope_parameters": nil, "rope_theta": 10000.0, "rope_scaling": .null, "layer_types": nil]),
        ("eurobert", ["rope_parameters": nil, "rope_theta": 10000]),
        (
            "gemma3",
            [
                "rope_parameters": nil, "rope_theta": 1_000_000.0, "rope_local_base_freq": 10000.0,
                "layer_types": nil, "sliding_window_pattern": 2,
            ]
        ),
        (
            "nomic-bert",
            [
                "rope_parameters": nil, "hidden_size": nil, "num_hidden_layers": nil, "num_attention_heads": nil,
                "intermediate_size": nil, "hidden_act": nil, "layer_norm_eps": nil, "max_position_embeddings": nil,
                "auto_map": ["AutoModel": "nomic-ai/nomic-bert-2048--modeling_hf_nomic_bert.NomicBertModel"],
                "n_embd": 32, "n_layer": 3, "n_head": 4, "n_inner": 48, "n_positions": 96,
                "activation_function": "swiglu", "layer_norm_epsilon": 1e-12, "rotary_emb_base": 1000,
                "rotary_emb_fraction": 1.0, "rotary_emb_interleaved": false, "rotary_scaling_factor": .null,
                "qkv_proj_bias": false, "mlp_fc1_bias": false, "mlp_fc2_bias": false, "prenorm": false,
            ]
        ),
    ]

    @Test(arguments: olderKeys.indices)
    func olderKeysMeanTheSame(index: Int) throws {
        let (name, changes) = Self.olderKeys[index]
        let fixture = FamilyFixture(name: name)
        let (texts, expected) = try fixture.expectation()
        let older = try fixture.load { try $0.edit("config.json", changes) }
        for (ours, theirs) in zip(try older.vectors(texts), expected) { #expect(cosine(ours, theirs) > 0.99999) }
    }

    // MARK: - Spaces

    private static let settings: [(String, String, JSONValue)] = [
        ("roberta", "layer_norm_eps", 0.001), ("roberta", "pad_token_id", 0), ("modernbert", "local_attention", 12),
        ("modernbert", "rope_parameters", ["rope_theta": 500]),
        ("gte-ntk", "rope_scaling", ["type": "ntk", "factor": 4]), ("deberta", "max_relative_positions", 64),
        ("qwen3", "is_causal", false), ("gemma3", "query_pre_attn_scalar", 24), ("jina", "feed_forward_type", "reglu"),
    ]

    @Test(arguments: settings.indices)
    func settingsThatChangeVectorsChangeTheSpace(index: Int) throws {
        let (name, key, value) = Self.settings[index]
        let fixture = FamilyFixture(name: name)
        let texts = try fixture.expectation().texts
        let original = try fixture.load { _ in }
        let changed = try fixture.load { try $0.edit("config.json", [key: value]) }
        #expect(try original.vectors(texts) != changed.vectors(texts))
        #expect(try original.spaceID() != changed.spaceID())
        #expect(try original.spaceID() == Embedder.load(folder: fixture.folder).spaceID())
    }
}
