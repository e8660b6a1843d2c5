// SPDX-License-Identifier: Apache-2.0
//
// What is read from a repository's configuration files, and what is refused.

import Inference
import JSON
import TestSupport
import Testing

@Suite("Repositories")
struct ModelRepositoryTests {
    private func load(_ repository: String = Fixture.sentence, _ change: (TemporaryFolder) throws -> Void) throws
        -> Embedder
    {
        let folder = try TemporaryFolder(copyOf: repository)
        try change(folder)
        return try Embedder.load(folder: folder.path, options: LoadOptions(precision: .f32))
    }

    private func error(_ change: (TemporaryFolder) throws -> Void) -> ModelError? {
        #expect(throws: ModelError.self) { try load(Fixture.sentence, change) }
    }

    @Test func describesASentenceTransformer() throws {
        let description = try Embedder.load(folder: Fixture.sentence).description
        #expect(description.family == "BERT")
        #expect(description.hidden == 32)
        #expect(description.layers == 2)
        #expect(description.heads == 4)
        #expect(description.feedForward == 64)
        #expect(description.activation == .gelu)
        #expect(description.vocabulary == 560)
        #expect(description.dimensions == 32)
        #expect(description.maxTokens == 48)
        #expect(description.pooling == .mean)
        #expect(description.normalize)
        #expect(description.prompts.names == ["classify", "document", "query"])
        #expect(description.weightType == .f32)
        #expect(
            "\(description)" == """
                BERT with 2 layers of 32 (4 heads, feed-forward 64, gelu); 560 WordPiece tokens; F32 weights of 0 MB; \
                mean pooling; normalised; 32 dimensions; at most 48 tokens; prompts classify, document, query
                """)
    }

    @Test func describesAPlainTransformer() throws {
        let description = try Embedder.load(folder: Fixture.plain).description
        #expect(description.pooling == .mean)
        #expect(!description.normalize)
        #expect(description.maxTokens == 40)
        #expect(description.weightType == .f16)
        #expect(description.prompts.names.isEmpty)
    }

    @Test(arguments: [(30, 30), (64, 64), (500, 64)])
    func theLimitIsWhatTheModuleSaysWithinThePositions(says: Int, limit: Int) throws {
        let embedder = try load { try $0.edit("sentence_bert_config.json", ["max_seq_length": .integer(Int64(says))]) }
        #expect(embedder.description.maxTokens == limit)
    }

    @Test func theLimitIsTheTokenizersWhereTheModuleSaysNone() throws {
        let embedder = try load { try $0.edit("sentence_bert_config.json", ["max_seq_length": .null]) }
        #expect(embedder.description.maxTokens == 64)
        let unlimited = try load(Fixture.plain) {
            try $0.edit("tokenizer_config.json", ["model_max_length": .number(1e30)])
        }
        #expect(unlimited.description.maxTokens == 64)
    }

    @Test func olderNamesOfTheModuleSettingsAreRead() throws {
        let embedder = try load {
            $0.remove("sentence_bert_config.json")
            $0.write(#"{"max_seq_length": 17}"#, to: "sentence_roberta_config.json")
        }
        #expect(embedder.description.maxTokens == 17)
    }

    @Test func textIsLowercasedWhenTheModuleSaysSo() throws {
        let change: (TemporaryFolder) throws -> Void = { folder in
            var tokenizer = try Fixture.json(folder.path + "/tokenizer.json").object ?? [:]
            tokenizer["normalizer"] = nil
            folder.write(JSONValue.object(tokenizer).encoded(), to: "tokenizer.json")
        }
        let asItIs = try load(Fixture.sentence, change)
        #expect(try asItIs.tokenize("WINDOW").ids != asItIs.tokenize("window").ids)
        let lowercased = try load {
            try change($0)
            try $0.edit("sentence_bert_config.json", ["do_lower_case": true])
        }
        #expect(try lowercased.tokenize("WINDOW").ids == asItIs.tokenize("window").ids)
    }

    @Test func theDefaultPromptAppliesWhenNothingIsSaid() throws {
        let embedder = try load {
            try $0.edit("config_sentence_transformers.json", ["default_prompt_name": "classify"])
        }
        #expect(try embedder.tokenize("rivers").ids == embedder.tokenize("topic of rivers", prompt: .text("")).ids)
        #expect(
            try embedder.tokenize("rivers", prompt: .document).ids == embedder.tokenize("rivers", prompt: .text("")).ids
        )
    }

    @Test func unknownPromptsAreRefusedWithTheKnownOnes() throws {
        let embedder = try Embedder.load(folder: Fixture.sentence)
        let error = #expect(throws: ModelError.self) { try embedder.tokenize("x", prompt: .named("passage")) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("classify, document, query") == true)
    }

    // MARK: - Refusals

    @Test func aFolderThatIsNoModel() throws {
        let folder = TemporaryFolder()
        let error = #expect(throws: ModelError.self) { try Embedder.load(folder: folder.path) }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains("config.json") == true)
    }

    @Test func missingWeightsAndPickles() {
        #expect(error { $0.remove("model.safetensors") }?.code == .notFound)
        let pickle = error {
            $0.remove("model.safetensors")
            $0.write("x", to: "pytorch_model.bin")
        }
        #expect(pickle?.code == .unsupported)
        #expect(pickle?.message.contains("safetensors") == true)
    }

    @Test func missingTokenizer() {
        let error = error { $0.remove("tokenizer.json") }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains("tokenizer.json") == true)
    }

    @Test func aTokenizerOfAnotherModel() {
        let error = error { folder in
            folder.write(try #require(readFile(Fixture.plain + "/tokenizer.json")), to: "tokenizer.json")
            var weights = try WeightFile(reading: folder.path + "/model.safetensors")
            weights["embeddings.word_embeddings.weight"].shape = [400, 32]
            weights["embeddings.word_embeddings.weight"].bytes.removeLast((560 - 400) * 32 * 4)
            folder.write(weights.encoded, to: "model.safetensors")
            try folder.edit("config.json", ["vocab_size": 400])
        }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("400") == true)
    }

    @Test func otherArchitecturesByName() {
        let error = error { try $0.edit("config.json", ["model_type": "t5"]) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("'t5'") == true)
        #expect(error?.message.contains("bert") == true)
    }

    @Test(arguments: [
        ("hidden_act", "quick_gelu"), ("position_embedding_type", "relative_key"),
    ])
    func variantsByName(key: String, value: String) {
        let error = error { try $0.edit("config.json", [key: .string(value)]) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains(value) == true)
    }

    @Test(arguments: [
        ("hidden_size", JSONValue.null), ("hidden_size", 0), ("hidden_size", -32), ("hidden_size", 1e300),
        ("hidden_size", "32"), ("num_attention_heads", 3), ("num_hidden_layers", 1_000_000_000),
        ("vocab_size", .array([])), ("layer_norm_eps", "x"), ("model_type", .null), ("model_type", 7),
    ])
    func impossibleValues(key: String, value: JSONValue) {
        let error = error { try $0.edit("config.json", [key: value]) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("config.json") == true)
    }

    @Test(arguments: ["intermediate_size", "hidden_size", "vocab_size", "max_position_embeddings"])
    func sizesThatTheWeightsDoNotHave(key: String) {
        // More memory than there is, if anyone believed it.
        let error = error {
            $0.remove("1_Pooling/config.json")
            try $0.edit("config.json", [key: 1_048_576])
        }
        #expect(error?.code == .tensorShape)
    }

    @Test(arguments: [
        #"[{"path": "", "type": "sentence_transformers.models.Transformer"}]"#,
        #"[{"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]"#,
        #"[{"path": "", "type": "custom_code.Transformer"}]"#,
        #"[{"path": "", "type": "sentence_transformers.models.CLIPModel"}]"#,
        #"[{"path": ""}]"#,
    ])
    func otherModules(modules: String) {
        #expect(error { $0.write(modules, to: "modules.json") }?.code == .unsupported)
    }

    @Test(arguments: ["../elsewhere", "/etc", "a/../../b"])
    func foldersOutsideOfTheModel(path: String) {
        let error = error {
            $0.write(
                """
                [{"path": "", "type": "sentence_transformers.models.Transformer"},
                 {"path": "\(path)", "type": "sentence_transformers.models.Pooling"}]
                """, to: "modules.json")
        }
        #expect(error?.code == .corrupt)
    }

    @Test(arguments: [
        ("1_Pooling/config.json", #"{"pooling_mode": "median"}"#, ModelError.Code.unsupported),
        ("1_Pooling/config.json", #"{"pooling_mode": []}"#, .invalidConfiguration),
        ("1_Pooling/config.json", #"{"word_embedding_dimension": 64}"#, .invalidConfiguration),
        ("1_Pooling/config.json", "[", .corrupt),
        ("config.json", "7", .corrupt),
        ("modules.json", "{}", .corrupt),
        ("modules.json", "[]", .corrupt),
        ("config_sentence_transformers.json", #"{"prompts": {"a": 1}}"#, .invalidConfiguration),
        ("config_sentence_transformers.json", #"{"default_prompt_name": "a"}"#, .invalidConfiguration),
        ("sentence_bert_config.json", #"{"max_seq_length": 0}"#, .invalidConfiguration),
        ("tokenizer.json", "[", .corrupt),
        ("tokenizer.json", #"{"model": {"type": "Nonsense"}}"#, .unsupported),
    ])
    func brokenFiles(name: String, content: String, code: ModelError.Code) {
        #expect(error { $0.write(content, to: name) }?.code == code)
    }
}
