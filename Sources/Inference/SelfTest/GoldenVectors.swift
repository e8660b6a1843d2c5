// SPDX-License-Identifier: Apache-2.0
//
// Whether a model still computes what it once did: after an update, on another machine, in another precision.

internal import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a model makes of a few fixed texts in float32, kept in a file.
public enum GoldenVectors {
    /// How far a model is from what was recorded.
    public struct Drift: Sendable, Hashable {
        /// The least cosine of a text's vector to the recorded one; of a reranker, the cosine of all raw scores.
        public var leastCosine: Float
        /// Below this, something is wrong.
        public var threshold: Float

        public var isAcceptable: Bool { leastCosine >= threshold }
    }

    /// Grows when the texts or the file's members change.
    private static let version = 1

    /// Pairs for rerankers, single texts for embedders: short ones, in several scripts, code, and nothing at all.
    private static let texts = [
        ("", ""), ("how to retry", "retry(fn, attempts=3)"), ("Fahrrad für Kinder", "Ein Rad mit Stützrädern."),
        ("東京の天気", "今日は晴れです。"), ("Который час?", "Половина пятого."), ("0x7fff -1e-9", "{\"a\": [1, null]}"),
    ]

    /// Computes the vectors, or the raw scores, and writes them to a file.
    /// - Throws: `.invalidInput` for a model that was not loaded with float32; `.unwritable`, `.outOfMemory`.
    public static func record(_ model: LoadedModel, to path: String) throws(ModelError) {
        guard model.report.precision == .f32 else {
            throw ModelError(
                .invalidInput,
                "golden vectors are recorded in f32, but the model was loaded with \(model.report.precision.rawValue); "
                    + "load it with LoadOptions(precision: .f32)")
        }
        let rows = try rows(model)
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("golden_vectors")
        writer.integer(version)
        writer.key("model")
        writer.string(model.identity)
        writer.key("vectors")
        writer.beginArray()
        for row in rows { writer.numbers(row) }
        writer.endArray()
        writer.endObject()
        let file = try AtomicFile(path: path, temporary: "\(path).\(getpid())")
        try file.write(writer.bytes, at: 0)
        try file.commit()
    }

    /// Computes the vectors anew and compares them with those of a file, in some milliseconds for a small model.
    /// - Throws: `.notFound` or `.unreadable` for the file, `.corrupt` for one that is damaged or was recorded for other
    ///   texts, `.invalidInput` for one of another model.
    public static func check(_ model: LoadedModel, against path: String) throws(ModelError) -> Drift {
        let recorded = try read(path, for: model)
        let computed = try rows(model)
        guard recorded.map(\.count) == computed.map(\.count) else { throw damaged(path, "vectors are missing") }
        let cosines = zip(recorded, computed).map { recorded, computed in
            // What a static model makes of an empty text.
            let areZero = (recorded + computed).allSatisfy { $0 == 0 }
            return areZero ? 1 : leastCosine(recorded, computed, dimensions: computed.count)
        }
        return Drift(leastCosine: cosines.min() ?? 0, threshold: threshold(model.report.precision))
    }

    /// What is reached with room to spare where all is well.
    public static func threshold(_ precision: Precision) -> Float {
        switch precision {
        case .f32: 0.9999
        case .bf16: 0.999
        case .int8: 0.98
        }
    }

    /// A row for every text; of a reranker, one for all.
    private static func rows(_ model: LoadedModel) throws(ModelError) -> [[Float]] {
        var values: [Float] = []
        switch model {
        case .embedder(let embedder):
            let batch = try texts.flatMap { [$0, $1] }.map { text throws(ModelError) in
                try embedder.tokenize(text, prompt: .text(""))
            }
            try embedder.embed(batch, workspace: Workspace(), into: &values)
            let dimensions = embedder.description.dimensions
            return batch.indices.map { Array(values[$0 * dimensions..<($0 + 1) * dimensions]) }
        case .reranker(let reranker):
            let batch = try texts.map { query, document throws(ModelError) in
                try reranker.tokenize(query: query, document: document, prompt: .text(""))
            }
            try reranker.scores(batch, workspace: Workspace(), raw: true, into: &values)
            return [values]
        }
    }

    private static func read(_ path: String, for model: LoadedModel) throws(ModelError) -> [[Float]] {
        let json: JSONValue
        do {
            json = try JSONValue(parsing: MappedFile(path: path).content)
        } catch let error as ModelError {
            throw error
        } catch {
            throw damaged(path, "\(error)")
        }
        guard json["golden_vectors"]?.integer == version else { throw damaged(path, "it is of another version") }
        guard json["model"]?.string == model.identity else {
            throw ModelError(.invalidInput, "\(path) was recorded for another model; record it anew")
        }
        return (json["vectors"]?.array ?? []).map { ($0.array ?? []).map { Float($0.double ?? .nan) } }
    }

    private static func damaged(_ path: String, _ reason: String) -> ModelError {
        ModelError(.corrupt, "\(path) holds no golden vectors that can be compared: \(reason); record them anew")
    }
}
