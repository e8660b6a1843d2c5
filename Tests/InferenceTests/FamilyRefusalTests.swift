// SPDX-License-Identifier: Apache-2.0
//
// What a family cannot compute is refused by name, and what does not fit is named.

import Inference
import JSON
import TestSupport
import Testing

@Suite("What families refuse")
struct FamilyRefusalTests {
    private func error(_ name: String, _ change: (TemporaryFolder) throws -> Void) -> ModelError? {
        #expect(throws: ModelError.self, "\(name)") { try FamilyFixture(name: name).load(change) }
    }

    private static let unsupported: [(String, String, JSONValue)] = [
        ("roberta", "position_embedding_type", "relative_key"), ("roberta", "is_decoder", true),
        ("roberta", "hidden_act", "quick_gelu"), ("mpnet", "relative_attention_num_buckets", 64),
        ("modernbert", "hidden_activation", "relu6"), ("modernbert", "layer_types", ["full_attention", "x", "x"]),
        ("modernbert", "rope_parameters", ["full_attention": ["rope_type": "yarn", "factor": 4]]),
        ("modernbert", "rope_scaling", ["type": "linear", "factor": 2]),
        ("gte", "position_embedding_type", "absolute"), ("gte", "layer_norm_type", "rms_norm"),
        ("gte", "pack_qkv", false), ("gte", "logn_attention_scale", true), ("gte", "logn_attention_clip1", true),
        ("gte-ntk", "rope_scaling", ["type": "ntk", "factor": 2, "mixed_b": 0.5]),
        ("deberta", "conv_kernel_size", 3), ("deberta", "relative_attention", false),
        ("deberta", "embedding_size", 16), ("deberta", "attention_head_size", 16), ("deberta", "pos_att_type", "c2p"),
        ("deberta", "pos_att_type", ["c2p", "p2p"]), ("deberta", "pos_att_type", .null),
        ("deberta", "norm_rel_ebd", "rms"), ("eurobert", "rope_scaling", ["rope_type": "llama3"]),
        ("eurobert", "partial_rotary_factor", 0.5), ("qwen3", "use_sliding_window", true),
        ("qwen3", "layer_types", ["full_attention", "full_attention", "sliding_attention"]),
        ("gemma3", "attn_logit_softcapping", 50), ("jina", "feed_forward_type", "original"),
        ("jina", "position_embedding_type", "rope"), ("nomic-bert", "hidden_act", "mish"),
        ("roberta", "model_type", "albert"), ("gemma3", "model_type", "gemma3"),
    ]

    @Test(arguments: unsupported.indices)
    func settingsThatCannotBeComputed(index: Int) {
        let (name, key, value) = Self.unsupported[index]
        let error = error(name) { try $0.edit("config.json", [key: value]) }
        #expect(error?.code == .unsupported, "\(name) \(key): \(error?.message ?? "")")
        let said = error?.message ?? ""
        #expect(said.contains("config.json"), "\(said)")
        #expect(
            said.contains("'\(key)'") || said.contains("'\(value.string ?? "mixed_b")'")
                || said.contains("'rope_type'"), "\(said)")
    }

    @Test(arguments: [
        ("num_experts", JSONValue.integer(8)), ("rotary_emb_scale_base", 512), ("prenorm", true),
        ("rotary_emb_interleaved", true), ("use_rms_norm", true), ("parallel_block", true), ("causal", true),
        ("scale_attn_weights", false), ("rotary_emb_fraction", 0.5), ("activation_function", "gelu"),
    ])
    func settingsOfNomicsOwn(key: String, value: JSONValue) {
        let error = error("nomic-bert") { folder in
            var settings: [String: JSONValue?] = [
                "n_embd": 32, "n_layer": 3, "n_head": 4, "n_inner": 48, "n_positions": 96,
                "activation_function": "swiglu", "rotary_emb_fraction": 1.0,
            ]
            settings[key] = value
            try folder.edit("config.json", settings)
        }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("'\(key)'") == true)
    }

    private static let invalid: [(String, String, JSONValue)] = [
        ("roberta", "pad_token_id", 97), ("roberta", "max_position_embeddings", 2), ("mpnet", "num_attention_heads", 5),
        ("distilbert", "dim", .null), ("distilbert", "n_heads", 0), ("modernbert", "hidden_size", 36.5),
        ("modernbert", "layer_types", ["full_attention"]), ("modernbert", "layer_types", "full_attention"),
        ("modernbert", "local_attention", -1), ("modernbert", "num_attention_heads", 32),
        ("modernbert", "norm_bias", "yes"), ("nomic-bert", "rope_parameters", ["rope_theta": -1]),
        ("gte", "rope_parameters", 7), ("gte-ntk", "rope_scaling", ["type": "ntk", "factor": 0]),
        ("gte-ntk", "type_vocab_size", -1), ("deberta", "position_buckets", 1_000_000),
        ("deberta", "position_buckets", 2), ("deberta", "share_att_key", 1), ("eurobert", "num_key_value_heads", 3),
        ("eurobert", "head_dim", 31), ("qwen3", "head_dim", 100_000), ("qwen3", "rms_norm_eps", []),
        ("gemma3", "sliding_window", 0), ("gemma3", "query_pre_attn_scalar", 0), ("jina", "type_vocab_size", 0),
        ("jina", "num_hidden_layers", 100_000_000),
    ]

    @Test(arguments: invalid.indices)
    func impossibleValues(index: Int) {
        let (name, key, value) = Self.invalid[index]
        let error = error(name) { try $0.edit("config.json", [key: value]) }
        #expect(error?.code == .invalidConfiguration, "\(name) \(key): \(error?.message ?? "")")
        #expect(error?.message.contains("config.json") == true)
    }

    // MARK: - Tensors

    private static let file = "model.safetensors"

    /// What the first block of a model consists of.
    private func block(_ weights: WeightHeader) throws -> [String] {
        let tensors = try JSONValue(parsing: Array(weights.text.utf8)).object?.members ?? []
        return tensors.map(\.key).filter { $0.split(separator: ".").contains("0") }
    }

    private func error(_ fixture: FamilyFixture, _ weights: WeightHeader) -> ModelError? {
        error(fixture.name) { $0.write(weights.encoded, to: Self.file) }
    }

    @Test(arguments: FamilyFixture.all)
    func everyTensorIsNeeded(fixture: FamilyFixture) throws {
        let weights = try WeightHeader(reading: fixture.folder + "/" + Self.file)
        let names = try block(weights)
        #expect(names.count >= 5)
        for name in names {
            var changed = weights
            changed.replace("\"\(name)\"", with: "\"elsewhere\"")
            let error = error(fixture, changed)
            #expect(error?.code == .tensorMissing, "\(name): \(error?.message ?? "")")
            // The part of the name that does not depend on how the model was saved.
            let parts = name.split(separator: ".").drop { Int($0) == nil }
            #expect(error?.message.contains(parts.joined(separator: ".")) == true, "\(error?.message ?? "")")
        }
    }

    @Test(arguments: FamilyFixture.all)
    func everyShapeIsChecked(fixture: FamilyFixture) throws {
        let weights = try WeightHeader(reading: fixture.folder + "/" + Self.file)
        for name in try block(weights) {
            var changed = weights
            changed.replace("\"shape\":[", with: "\"shape\":[1,", after: "\"\(name)\"")
            let error = error(fixture, changed)
            #expect(error?.code == .tensorShape, "\(name): \(error?.message ?? "")")
            #expect(error?.message.contains("'\(name)'") == true)
        }
    }

    // MARK: - Code of a repository's own

    @Test(arguments: ["jina", "gte-ntk", "roberta", "modernbert"])
    func unknownTensorsOfUnknownCode(name: String) throws {
        let fixture = FamilyFixture(name: name)
        let block = try #require(try block(WeightHeader(reading: fixture.folder + "/" + Self.file)).first)
        let extra = block.split(separator: ".").prefix { Int($0) == nil }.joined(separator: ".") + ".0.extra.weight"
        func load(code: Bool) throws -> Embedder {
            try fixture.load { folder in
                var weights = try WeightFile(reading: folder.path + "/" + Self.file)
                weights.entries.append(WeightFile.Entry(name: extra, type: "F32", shape: [1], bytes: [0, 0, 0, 0]))
                folder.write(weights.encoded, to: Self.file)
                try folder.edit("config.json", ["auto_map": code ? ["AutoModel": "modeling.Model"] : .null])
            }
        }
        #expect(throws: Never.self) { try load(code: false) }
        let error = #expect(throws: ModelError.self) { try load(code: true) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("'\(extra)'") == true)
        #expect(error?.message.contains("auto_map") == true)
    }
}

/// A safetensors file whose header is changed and whose data stays.
private struct WeightHeader {
    private(set) var text: String
    private let data: [UInt8]

    init(reading path: String) throws {
        let bytes = try #require(readFile(path), "cannot read \(path)")
        let length = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
        text = String(decoding: bytes[8..<8 + length], as: UTF8.self)
        data = Array(bytes[(8 + length)...])
    }

    /// Replaces the first occurrence behind `start`.
    mutating func replace(_ old: String, with new: String, after start: String = "") {
        let first = start.isEmpty ? text.startIndex : text.firstRange(of: start)?.upperBound ?? text.endIndex
        guard let range = text[first...].firstRange(of: old) else { return }
        text.replaceSubrange(range, with: new)
    }

    var encoded: [UInt8] {
        let header = Array(text.utf8)
        return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + data
    }
}
