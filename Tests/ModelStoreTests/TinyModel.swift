// SPDX-License-Identifier: Apache-2.0
//
// The files of a repository that looks like a sentence-transformers model, with
// much in it that is not needed.

import ModelStore
import TestSupport

enum TinyModel {
    /// Not a real tensor file; the store looks at bytes only.
    static let weights = pseudoRandomBytes(count: 300_000, seed: 7)

    static let needed: [String: [UInt8]] = [
        "config.json": text(#"{"architectures":["BertModel"],"hidden_size":8}"#),
        "modules.json": text(
            #"[{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},"#
                + #"{"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"},"#
                + #"{"idx":2,"name":"2","path":"2_Normalize","type":"sentence_transformers.models.Normalize"}]"#),
        "1_Pooling/config.json": text(#"{"pooling_mode_mean_tokens":true}"#),
        "sentence_bert_config.json": text(#"{"max_seq_length":16}"#),
        "tokenizer.json": text(#"{"model":{"type":"WordPiece"}}"#),
        "tokenizer_config.json": text("{}"),
        "vocab.txt": text("[PAD]\n[UNK]\n"),
        "model.safetensors": weights,
    ]

    static let repository: [String: [UInt8]] = needed.merging(
        [
            "README.md": text("# Tiny"),
            ".gitattributes": text("*.safetensors filter=lfs"),
            "pytorch_model.bin": text("pickle"),
            "onnx/model.onnx": text("onnx"),
            "openvino/config.json": text("{}"),
            "data_config.json": text("[]"),
        ], uniquingKeysWith: { $1 })

    /// The entry of a catalogue for this model.
    static func entry(id: String = "tiny", sources: [ModelSource]) -> CatalogueEntry {
        CatalogueEntry(
            id: id, aliases: ["acme/tiny"], summary: "A model for tests", license: "Apache-2.0", dimensions: 8,
            maxTokens: 16, sources: sources,
            files: needed.sorted { $0.key < $1.key }.map {
                ModelFile(path: $0.key, bytes: Int64($0.value.count), sha256: SHA256.hexDigest(of: $0.value))
            })
    }

    static func text(_ text: String) -> [UInt8] { Array(text.utf8) }
}

/// Bytes that look random and are the same on every run.
func pseudoRandomBytes(count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
}
