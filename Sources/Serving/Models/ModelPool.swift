// SPDX-License-Identifier: Apache-2.0
//
// Which models are resident. A model is loaded on first use, once however many
// ask, on a thread of its own while the others go on serving.

public import Inference
import Synchronization
import Threads

/// Where an installed model's files are.
public struct ModelLocation: Sendable, Hashable {
    /// What the model is called in replies.
    public var id: String
    public var folder: String

    public init(id: String, folder: String) {
        self.id = id
        self.folder = folder
    }
}

/// A model that can compute.
public struct ResidentModel: Sendable {
    public let id: String
    public let folder: String
    public let embedder: Embedder
    public let loadTime: Duration
    /// Different for every load of this process.
    let serial: Int
    /// The space of the vectors that are asked for with nothing special.
    let spaceID: String
}

public actor ModelPool {
    public typealias Resolve = @Sendable (String?) throws(ServingError) -> ModelLocation
    public typealias ProgressHandler = @Sendable (LoadProgress) -> Void

    /// - absent → loading on first use or `models.load`
    /// - loading → ready when the load ends, → absent when it fails
    /// - ready → absent by `unload`
    private enum Entry {
        case loading(Task<Result<ResidentModel, ServingError>, Never>, Listeners)
        case ready(ResidentModel)
    }

    private let resolve: Resolve
    private let options: LoadOptions
    private var entries: [ModelLocation: Entry] = [:]
    /// Where names led that resident models were asked for by, so that a warm request touches no disk.
    private var known: [String?: ModelLocation] = [:]

    /// - Parameter resolve: finds a model by the name a request gave, or the default model for nil.
    public init(options: LoadOptions, resolve: @escaping Resolve) {
        self.options = options
        self.resolve = resolve
    }

    /// The model, loaded if need be. `progress` is called from the loading thread while this call waits for a load.
    public func model(
        named name: String?, progress: ProgressHandler? = nil
    ) async throws(ServingError) -> ResidentModel {
        if let location = known[name], case .ready(let model) = entries[location] { return model }
        let location = try resolve(name)
        known[name] = location
        switch entries[location] {
        case .ready(let model): return model
        case .loading(let task, let listeners):
            if let progress { listeners.add(progress) }
            return try await task.value.get()
        case nil:
            let listeners = Listeners()
            if let progress { listeners.add(progress) }
            let task = Task { [options] in await load(location, options, listeners) }
            entries[location] = .loading(task, listeners)
            let result = await task.value
            entries[location] = (try? result.get()).map(Entry.ready)
            return try result.get()
        }
    }

    /// Lets go of a model; requests that compute with it finish first, for they hold it too.
    /// - Returns: false when it was not resident.
    public func unload(_ name: String?) throws(ServingError) -> Bool {
        let location = try resolve(name)
        guard case .ready = entries[location] else { return false }
        entries[location] = nil
        known = known.filter { $0.value != location }
        return true
    }

    /// What is resident and what is on its way.
    public func residents() -> (ready: [ResidentModel], loading: [ModelLocation]) {
        var ready: [ResidentModel] = []
        var loading: [ModelLocation] = []
        for (location, entry) in entries {
            switch entry {
            case .ready(let model): ready.append(model)
            case .loading: loading.append(location)
            }
        }
        return (ready.sorted { $0.id < $1.id }, loading.sorted { $0.id < $1.id })
    }
}

/// Everyone who waits for the same load and wants to hear how far it is.
private final class Listeners: Sendable {
    private let handlers = Mutex<[ModelPool.ProgressHandler]>([])

    func add(_ handler: @escaping ModelPool.ProgressHandler) { handlers.withLock { $0.append(handler) } }

    func report(_ progress: LoadProgress) {
        for handler in handlers.withLock({ $0 }) { handler(progress) }
    }
}

private func load(
    _ location: ModelLocation, _ options: LoadOptions, _ listeners: Listeners
) async -> Result<ResidentModel, ServingError> {
    await withCheckedContinuation { continuation in
        let isRunning = startThread(named: "load") {
            let start = ContinuousClock.now
            let result = Result { () throws(ModelError) in
                let embedder = try Embedder.load(folder: location.folder, options: options) { listeners.report($0) }
                return ResidentModel(
                    id: location.id, folder: location.folder, embedder: embedder,
                    loadTime: ContinuousClock.now - start, serial: nextSerial(), spaceID: try embedder.spaceID())
            }
            continuation.resume(
                returning: result.mapError {
                    ServingError(.modelLoadFailed, "model '\(location.id)' cannot be loaded: \($0)")
                })
        }
        if !isRunning {
            let message = "model '\(location.id)' cannot be loaded: the system has no thread left; try again later"
            continuation.resume(returning: .failure(ServingError(.modelLoadFailed, message)))
        }
    }
}

private let serials = Atomic<Int>(0)

private func nextSerial() -> Int { serials.add(1, ordering: .relaxed).newValue }
