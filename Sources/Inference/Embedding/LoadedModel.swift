// SPDX-License-Identifier: Apache-2.0
//
// A model of either kind.

public enum LoadedModel: Sendable {
    case embedder(Embedder)
    case reranker(Reranker)

    /// Loads whatever the repository holds.
    /// - Parameter progress: called on this thread while something takes long.
    /// - Throws: as `Embedder.load` and `Reranker.load` do.
    public static func load(
        folder: String, options: LoadOptions = LoadOptions(),
        progress: @escaping (LoadProgress) -> Void = { _ in }
    ) throws(ModelError) -> LoadedModel {
        let loader = try ModelLoader(ModelFolder(path: folder), kind: nil, options: options, progress: progress)
        let loaded = try loader.load(options.precision)
        return switch loader.repository.kind {
        case .embedder: .embedder(try Embedder(loader, loaded))
        case .reranker: .reranker(try Reranker(loader, loaded))
        }
    }

    public var description: ModelDescription {
        switch self {
        case .embedder(let model): model.description
        case .reranker(let model): model.description
        }
    }

    public var report: LoadReport {
        switch self {
        case .embedder(let model): model.report
        case .reranker(let model): model.report
        }
    }

    /// Equal for copies of a model, whatever their names and paths.
    var identity: String {
        switch self {
        case .embedder(let model): model.space.id
        case .reranker(let model): model.space.id
        }
    }
}
