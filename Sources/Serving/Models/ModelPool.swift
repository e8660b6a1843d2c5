// SPDX-License-Identifier: Apache-2.0
//
// Which models are resident. A model is loaded on first use, once however many
// ask, on a thread of its own while the others go on serving.

public import Inference
import Synchronization
import Threads

/// What resident models may take, and how long they stay.
public struct ModelLimits: Sendable, Hashable {
    /// Bytes of all resident models together, mapped weights included; nil for no bound.
    public var memoryBudget: Int?
    /// What holds for models that nothing else was said of.
    public var keepAlive: KeepAlive
    /// How long a model that could not be loaded is not tried again, unless its files change.
    public var failureMemory: Duration
    /// How long a model that was just loaded stays, whatever else holds, for those who waited for it.
    public var arrivalGrace: Duration

    public init(
        memoryBudget: Int? = nil, keepAlive: KeepAlive = .untilNeeded, failureMemory: Duration = .seconds(1),
        arrivalGrace: Duration = .seconds(1)
    ) {
        self.memoryBudget = memoryBudget
        self.keepAlive = keepAlive
        self.failureMemory = failureMemory
        self.arrivalGrace = arrivalGrace
    }
}

public final class ModelPool: Sendable {
    public typealias Resolve = @Sendable (String?) throws(ServingError) -> ModelLocation
    public typealias Options = @Sendable (ModelLocation) -> LoadOptions
    /// Names a quick model that may answer in place of another that is not loaded yet.
    public typealias InstantModel = @Sendable (ModelLocation) -> ModelLocation?
    /// Looks at a model that was just loaded, while it serves already; says what is wrong with it, if anything.
    public typealias Inspection = @Sendable (ResidentModel) -> String?
    public typealias ProgressHandler = @Sendable (LoadProgress) -> Void

    /// - absent → loading on first use or `load`
    /// - loading → ready when the load ends, → failed when it fails
    /// - failed → loading when its time is over, its files have changed or `load` asks
    /// - ready → absent by `unload`, when its time is up or its memory is needed
    enum Entry {
        case loading(Load)
        case ready(ResidentModel)
        case failed(Failure)
    }

    struct Failure {
        let error: ServingError
        let until: ContinuousClock.Instant
        let stamp: FolderStamp
    }

    struct State {
        var limits: ModelLimits
        var entries: [ModelLocation: Entry] = [:]
        var residency: Residency<ModelLocation>
        /// Where names led that resident models were asked for by, so that a warm request touches no disk.
        var known: [String?: ModelLocation] = [:]
        /// Users of models that are not resident any more, by serial number.
        var leaving: [Int: Int] = [:]
        /// What a model took when it was resident last.
        var sizes: [ModelLocation: Int] = [:]
        var uses: [ModelLocation: UInt64] = [:]
        var keepAlives: [ModelLocation: KeepAlive] = [:]
        /// When the next look at what may go is due.
        var wake: ContinuousClock.Instant?
        var loads: UInt64 = 0
        var evictions: UInt64 = 0
        /// What the inspection found, by serial number.
        var complaints: [Int: String] = [:]
    }

    /// Between two looks at whether a model's time is up.
    private static let longestSleep = Duration.seconds(3600)

    let state: Mutex<State>
    let resolve: Resolve
    private let options: Options
    private let instant: InstantModel?
    private let inspect: Inspection?

    /// - Parameters:
    ///   - inspect: runs on the thread that loaded the model.
    ///   - instant: nil when no model may answer in place of another.
    ///   - resolve: finds a model by the name a request gave, or the default model for nil.
    public init(
        options: @escaping Options, limits: ModelLimits = ModelLimits(), instant: InstantModel? = nil,
        inspect: Inspection? = nil, resolve: @escaping Resolve
    ) {
        self.options = options
        self.instant = instant
        self.inspect = inspect
        self.resolve = resolve
        state = Mutex(State(limits: limits))
    }

    // MARK: - Use

    /// The model, loaded if need be; in use, and therefore resident, until `release`.
    /// - Parameters:
    ///   - allowsInstant: whether the instant model may be given while the one that was asked for is loaded.
    ///   - progress: called from the loading thread while this call waits for a load.
    public func acquire(
        _ name: String?, deadline: ContinuousClock.Instant? = nil, allowsInstant: Bool = false,
        progress: ProgressHandler? = nil
    ) async throws(ServingError) -> ResidentModel {
        if let model = state.withLock({ $0.acquireKnown(name) }) { return model }
        let location = try resolve(name)
        let wait: LoadWait
        switch enter(location, name, progress, retries: false) {
        case .ready(let model): return model
        case .failed(let error): throw error
        case .loading(let load): wait = LoadWait(load: load, deadline: deadline)
        }
        if allowsInstant, let instant = instant?(location), instant != location,
            let model = state.withLock({ $0.acquire(instant) })
        {
            return model
        }
        _ = try await wait.value()
        // It may have been let go of already, by a keep-alive of nothing.
        return try await acquire(name, deadline: deadline, progress: progress)
    }

    /// Counts a use out.
    public func release(_ model: ResidentModel) {
        let isLast = state.withLock { state -> Bool in
            if case .ready(let current) = state.entries[model.location], current.serial == model.serial {
                state.residency.update(model.location) {
                    $0.users -= 1
                    $0.lastUsed = .now
                }
                return false
            }
            let users = (state.leaving[model.serial] ?? 1) - 1
            state.leaving[model.serial] = users > 0 ? users : nil
            return users == 0
        }
        if isLast { letGo([model]) }
        tidy()
    }

    // MARK: - Load and unload

    /// Loads a model for later, even one that could not be loaded a moment ago.
    /// - Parameters:
    ///   - pins: whether it stays whatever happens; nil for as it was.
    ///   - keepAlive: how long it stays once nobody uses it, from now on; nil for as it was.
    @discardableResult
    public func load(
        _ name: String?, pins: Bool? = nil, keepAlive: KeepAlive? = nil, progress: ProgressHandler? = nil
    ) async throws(ServingError) -> ResidentModel {
        let location = try resolve(name)
        if let keepAlive { state.withLock { $0.keepAlives[location] = keepAlive } }
        let model: ResidentModel
        switch enter(location, name, progress, retries: true) {
        case .ready(let ready): model = ready
        case .failed(let error): throw error
        case .loading(let load):
            _ = try await LoadWait(load: load, deadline: nil).value()
            model = try await acquire(name, progress: progress)
        }
        state.withLock { state in
            state.residency.update(location) {
                if let pins { $0.isPinned = pins }
                if let keepAlive { $0.keepAlive = keepAlive }
            }
        }
        release(model)
        return model
    }

    /// Keeps a resident model whatever happens, or lets it go again when its memory is needed.
    /// - Returns: false when it is not resident.
    @discardableResult
    public func pin(_ name: String?, _ isPinned: Bool) throws(ServingError) -> Bool {
        let location = try resolve(name)
        let isResident = state.withLock { state in
            state.residency.update(location) { $0.isPinned = isPinned }
            return state.residency.models[location] != nil
        }
        tidy()
        return isResident
    }

    /// Lets go of a model, pinned or not; requests that compute with it finish first.
    /// - Returns: false when it was not resident.
    public func unload(_ name: String?) throws(ServingError) -> Bool {
        let location = try resolve(name)
        guard let leaving = state.withLock({ $0.remove(location) }) else { return false }
        letGo(consume leaving)
        return true
    }

    /// Other limits from now on, for models that are resident too; and names are looked up anew, for the default model
    /// may be another.
    public func apply(_ limits: ModelLimits) {
        state.withLock { $0.apply(limits) }
        tidy()
    }

    // MARK: - Inside

    private enum Entrance {
        case ready(ResidentModel)
        case loading(Load)
        case failed(ServingError)
    }

    /// Gets hold of a model that is ready, or of its load, which is begun if there is none.
    private func enter(
        _ location: ModelLocation, _ name: String?, _ progress: ProgressHandler?, retries: Bool
    ) -> Entrance {
        let (entrance, begins) = state.withLock { state -> (Entrance, Bool) in
            // The embedded model may stand in for one that is not installed yet, which the next request may find.
            if location != .embedded { state.known[name] = location }
            switch state.entries[location] {
            case .ready(let model):
                state.use(location)
                return (.ready(model), false)
            case .loading(let load):
                if let progress { load.add(progress) }
                return (.loading(load), false)
            case .failed(let failure)
            where !retries && failure.until > .now && failure.stamp == FolderStamp(location.folder):
                return (.failed(failure.error), false)
            case .failed, nil:
                let load = Load()
                if let progress { load.add(progress) }
                state.entries[location] = .loading(load)
                state.loads += 1
                return (.loading(load), true)
            }
        }
        if begins, case .loading(let load) = entrance { begin(load, location) }
        return entrance
    }

    private func begin(_ load: Load, _ location: ModelLocation) {
        makeRoom(for: location)
        let isRunning = startThread(named: "load") {
            let stamp = FolderStamp(location.folder)
            let result = Result { () throws(ModelError) in
                try ResidentModel(loading: location, self.options(location)) { load.report($0) }
            }
            let error = { (error: ModelError) in
                ServingError(.modelLoadFailed, "model '\(location.id)' cannot be loaded: \(error)")
            }
            self.finish(load, location, result.mapError(error), stamp)
            if case .success(let model) = result, let complaint = self.inspect?(model) {
                self.state.withLock { $0.note(complaint, of: model) }
            }
        }
        if !isRunning {
            let message = "model '\(location.id)' cannot be loaded: the system has no thread left; try again later"
            finish(load, location, .failure(ServingError(.modelLoadFailed, message)), FolderStamp(location.folder))
        }
    }

    private func finish(
        _ load: Load, _ location: ModelLocation, _ result: Result<ResidentModel, ServingError>, _ stamp: FolderStamp
    ) {
        state.withLock { state in
            switch result {
            case .success(let model): state.insert(model)
            case .failure(let error):
                state.entries[location] = .failed(
                    Failure(error: error, until: .now + state.limits.failureMemory, stamp: stamp))
            }
        }
        load.finish(result)
        tidy(sparing: location)
    }

    /// Lets go of others before a model is loaded whose size is known from before.
    private func makeRoom(for location: ModelLocation) {
        letGo(state.withLock { $0.evict(incoming: $0.sizes[location] ?? 0) })
    }

    /// Lets go of what may go, and sees to it that this is done again when the next model's time is up.
    private func tidy(sparing newcomer: ModelLocation? = nil) {
        let leaving = state.withLock { $0.evict(sparing: newcomer) }
        letGo(consume leaving)
        guard let wake = state.withLock({ $0.nextWake() }) else { return }
        Task { [weak self] in
            // Some models are kept for longer than a clock can count.
            try? await Task.sleep(until: min(wake, .now + Self.longestSleep), clock: .continuous)
            guard let self, state.withLock({ $0.wakes(at: wake) }) else { return }
            tidy()
        }
    }

    /// Drops the last references to models, and returns their memory to the system, on a thread that nobody waits for.
    private func letGo(_ models: consuming [ResidentModel]) {
        if models.isEmpty { return }
        let leaving = Leaving(models)
        _ = startThread(named: "unload") { leaving.drop() }
    }
}
