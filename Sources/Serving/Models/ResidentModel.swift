// SPDX-License-Identifier: Apache-2.0
//
// Models that can compute, and where their files are.

public import Inference
import Synchronization

/// Where an installed model's files are.
public struct ModelLocation: Sendable, Hashable {
    /// What the model is called in replies.
    public var id: String
    public var folder: String

    public init(id: String, folder: String) {
        self.id = id
        self.folder = folder
    }

    /// The static model that the executable carries.
    public static let embedded = ModelLocation(id: "hearth-static", folder: "(in the executable)")
}

/// A model that can compute.
public struct ResidentModel: Sendable {
    public let location: ModelLocation
    public let model: LoadedModel
    public let loadTime: Duration
    /// Bytes of weights that are mapped from files, which other processes may share and the system may drop.
    public let mappedBytes: Int
    /// Bytes that this process has for itself.
    public let privateBytes: Int
    /// Different for every load of this process.
    let serial: Int
    /// The space of an embedder's vectors where nothing special is asked for.
    public let spaceID: String?

    public var id: String { location.id }
    public var folder: String { location.folder }
    public var description: ModelDescription { model.description }
    public var report: LoadReport { model.report }

    private static let serials = Atomic<Int>(0)

    /// Loads a model on the calling thread.
    init(
        loading location: ModelLocation, _ options: LoadOptions, progress: @escaping (LoadProgress) -> Void
    ) throws(ModelError) {
        let start = ContinuousClock.now
        let before = privateMemory()
        let model: LoadedModel =
            location == .embedded
            ? .embedder(try Embedder.loadEmbedded(instructionSet: options.instructionSet))
            : try LoadedModel.load(folder: location.folder, options: options, progress: progress)
        let weights = model.report.packedBytes
        let isMapped = weights == 0 || model.report.packing != .memory
        self.location = location
        self.model = model
        mappedBytes = isMapped ? (weights == 0 ? model.description.weightBytes : weights) : 0
        // Others may have taken and returned memory meanwhile.
        privateBytes = max(privateMemory() - before, isMapped ? 0 : weights)
        serial = Self.serials.add(1, ordering: .relaxed).newValue
        spaceID =
            switch model {
            case .embedder(let embedder): try embedder.spaceID()
            case .reranker: nil
            }
        loadTime = ContinuousClock.now - start
    }

    /// - Throws: `.invalidRequest` for a model of the other kind.
    func embedder() throws(ServingError) -> Embedder {
        guard case .embedder(let embedder) = model else {
            throw ServingError(
                .invalidRequest,
                "model '\(id)' scores pairs of texts and has no vectors; rerank with it, or name another")
        }
        return embedder
    }
}
