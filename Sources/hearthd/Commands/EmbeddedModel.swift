// SPDX-License-Identifier: Apache-2.0
//
// The small model that every executable carries, as the verbs on models show it.

import Inference
import JSON
import Serving
import Terminal

struct EmbeddedModel {
    static let name = ModelLocation.embedded.id
    private static let source = "in every executable"

    let description: ModelDescription

    init() throws(ModelError) { description = try Embedder.loadEmbedded().description }

    func json(_ context: ModelsContext) -> JSONObject {
        [
            "id": .string(Self.name), "state": .string(context.state(of: Self.name, isInstalled: true)),
            "origin": "embedded", "source": "embedded", "revision": .null, "path": .null,
            "bytes": .integer(Int64(description.weightBytes)), "dimensions": .integer(Int64(description.dimensions)),
            "max_tokens": .integer(Int64(description.maxTokens)),
        ]
    }

    func row(_ context: ModelsContext) -> [String] {
        [
            Self.name, "\(description.dimensions)", Format.bytes(Int64(description.weightBytes)),
            context.residentStates[Self.name] ?? "installed", Self.source,
        ]
    }

    func lines(_ context: ModelsContext) -> [(String, String)] {
        [
            ("name", Self.name), ("state", context.residentStates[Self.name] ?? "installed"),
            ("source", Self.source), ("size", Format.bytes(Int64(description.weightBytes))),
        ]
    }
}
