// SPDX-License-Identifier: Apache-2.0
//
// Each thing that can be wrong with Hearth on a machine, looked at once.

import Configuration
import Daemon
import Gateways
import HearthClient
import Inference
import JSON
import ModelStore
import Terminal
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct Examination {
    private let environment: [String: String]

    init(environment: [String: String]) { self.environment = environment }

    func findings() -> [Finding] {
        let settings: Settings
        do {
            settings = try Settings(environment: environment)
        } catch {
            return [
                .problem(
                    "configuration", "\(error)", mend: "mend the file; 'hearth config check' says when it is right")
            ]
        }
        let (daemon, status) = daemon(settings.paths)
        return [configuration(settings), runtimeFolder(settings.paths)] + daemon + [starts(settings.paths)]
            + models(settings, status) + [cache(settings.paths), space(settings.paths), processor(settings)]
            + [openFiles(), downloads()] + certificate(settings)
            + CompatibleTools(settings, status, environment: environment).findings()
    }

    private func configuration(_ settings: Settings) -> Finding {
        let changed = settings.effective.values.filter { $0.source != .default }.map(\.setting.key)
        return .ok(
            "configuration", changed.isEmpty ? "the defaults" : "valid; set are \(changed.joined(separator: ", "))")
    }

    // MARK: - The daemon

    private func runtimeFolder(_ paths: HearthPaths) -> Finding {
        do {
            try RuntimeFolder(paths).check()
            return .ok("socket", paths.socket)
        } catch {
            return .problem("socket", error.description, mend: "see above, then 'hearth start'")
        }
    }

    /// - Returns: what was found, and what a running daemon says of itself.
    private func daemon(_ paths: HearthPaths) -> ([Finding], JSONValue?) {
        var options = ClientOptions()
        options.policy = .runningDaemon
        options.replyTimeout = .seconds(5)
        var environment = environment
        environment["HEARTH_MODE"] = nil
        do {
            let client = try HearthClient(environment: environment, options: options)
            let status = try client.call("daemon.status", isRepeatable: true).result
            return ([version(status)] + services(status), status)
        } catch .noDaemon(let reason) {
            let isHeld = (try? InstanceLock(paths).isHeld()) ?? false
            guard isHeld else { return ([.ok("daemon", "none is running; commands start one when they need it")], nil) }
            return (
                [
                    .problem(
                        "daemon", "one holds '\(paths.instanceLock)' but does not answer (\(reason))",
                        mend: "wait if it is starting or stopping, else: hearth stop --force")
                ], nil
            )
        } catch {
            return ([.problem("daemon", "\(error)", mend: "hearth restart, or hearth stop --force")], nil)
        }
    }

    private func version(_ status: JSONValue) -> Finding {
        let version = status["version"]?.string ?? "unknown"
        let pid = status["pid"]?.integer.map { ", pid \($0)" } ?? ""
        if version == hearthVersion { return .ok("daemon", "hearthd \(version)\(pid)") }
        return .warning(
            "daemon", "version \(version)\(pid) is running, this is \(hearthVersion)", mend: "hearth restart")
    }

    /// Services that did not start, by name.
    private func services(_ status: JSONValue) -> [Finding] {
        (status["startup"]?["services"]?.array ?? []).compactMap { service in
            guard let name = service["name"]?.string, let error = service["error"]?.string else { return nil }
            return .warning(
                "service", "'\(name)' is \(service["state"]?.string ?? "not there"): \(error)", mend: "hearth logs")
        }
    }

    private func starts(_ paths: HearthPaths) -> Finding {
        let history = StartHistory(readingFrom: paths.startHistory)
        guard let last = history.failures.last else { return .ok("starts", "none failed lately") }
        return .warning(
            "starts", "\(Format.count(history.failureCount, "start")) in a row failed; the last: \(last.reason)",
            mend: "hearthd serve --foreground shows what happens")
    }

    // MARK: - Models

    private func models(_ settings: Settings, _ status: JSONValue?) -> [Finding] {
        let store = ModelStore(directory: settings.paths.data, environment: environment)
        var damage: [Finding] = []
        let installed = store.list { damage.append(.problem("models", $0.message, mend: "hearth models pull")) }
        var findings = damage
        findings.append(
            .ok("models", installed.isEmpty ? "none is installed" : installed.map(\.id).joined(separator: ", ")))
        let name = settings.configuration.model.default
        do {
            _ = try store.resolve(name)
        } catch {
            findings.append(
                settings.effective["model.default"]?.source == .default
                    ? .warning(
                        "default model", "\(name) is not installed; the small hearth-static answers instead",
                        mend: "hearth models pull \(name)")
                    : .problem("default model", error.message, mend: "hearth models pull \(name)"))
        }
        for model in status?["models"]?.array ?? [] where model["state"]?.string == "degraded" {
            findings.append(
                .problem(
                    "model", "\(model["id"]?.string ?? "?"): \(model["reason"]?.string ?? "it is degraded")",
                    mend: "hearth models verify \(model["id"]?.string ?? "MODEL")"))
        }
        return findings
    }

    private func cache(_ paths: HearthPaths) -> Finding {
        var folder = paths.cache
        while access(folder, F_OK) != 0, let slash = folder.lastIndex(of: "/"), slash > folder.startIndex {
            folder = String(folder[..<slash])
        }
        guard access(folder, W_OK) == 0 else {
            return .warning(
                "cache", "'\(folder)' cannot be written: every load packs the weights anew and keeps them in memory",
                mend: "make it writable for this user, or set XDG_CACHE_HOME")
        }
        return .ok("cache", paths.cache)
    }

    private func space(_ paths: HearthPaths) -> Finding {
        var folder = paths.data
        while access(folder, F_OK) != 0, let slash = folder.lastIndex(of: "/"), slash > folder.startIndex {
            folder = String(folder[..<slash])
        }
        var system = statvfs()
        guard statvfs(folder, &system) == 0 else {
            return .warning("disk", "the space at '\(folder)' is not known", mend: nil)
        }
        let free = Int64(clamping: UInt64(system.f_bavail) * UInt64(system.f_frsize))
        let fact = "\(Format.bytes(free)) free at \(folder)"
        return free < 1 << 30 ? .warning("disk", fact, mend: "hearth models rm, or make room") : .ok("disk", fact)
    }

    // MARK: - The machine

    private func processor(_ settings: Settings) -> Finding {
        let sets = Processors.instructionSets
        let forced = settings.configuration.model.instructionSet
        let chosen = forced == .auto ? sets.last ?? "portable" : forced.rawValue
        let fact = "\(Format.count(Processors.computeThreads, "compute thread")), kernels \(chosen)"
        guard sets.contains(chosen) else {
            return .problem(
                "processor", "model.instruction_set is \(chosen), which this CPU does not have",
                mend: "set it to auto; the CPU has \(sets.joined(separator: ", "))")
        }
        if chosen == "portable" {
            return .warning("processor", fact, mend: "this CPU has none of AVX2, AVX-512, AMX and NEON; all is slow")
        }
        return .ok("processor", fact)
    }

    private func openFiles() -> Finding {
        var limit = rlimit()
        #if canImport(Glibc)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #else
            getrlimit(RLIMIT_NOFILE, &limit)
        #endif
        let fact = "\(limit.rlim_max) at most"
        guard limit.rlim_max >= 2048 else {
            return .warning("open files", fact, mend: "raise the hard limit (ulimit -Hn) for many clients at once")
        }
        return .ok("open files", fact)
    }

    /// What HTTPS shows of itself, where it is spoken.
    private func certificate(_ settings: Settings) -> [Finding] {
        guard settings.configuration.http.isEnabled else { return [] }
        do throws(StartupError) {
            guard let identity = try TLSIdentity(settings.configuration.http) else { return [] }
            let days = Int((identity.end - unixTime()) / 86400)
            let fact = "that of HTTPS ends on \(identity.lastDay)"
            guard days < 14 else { return [.ok("certificate", fact)] }
            return [
                .warning(
                    "certificate", "\(fact), in \(Format.count(days, "day"))",
                    mend: "renew it, and send the daemon SIGHUP")
            ]
        } catch {
            return [.problem("certificate", error.message, mend: "mend that, and send the daemon SIGHUP")]
        }
    }

    private func downloads() -> Finding {
        if ["1", "ON", "YES", "TRUE"].contains((environment["HF_HUB_OFFLINE"] ?? "").uppercased()) {
            return .warning("downloads", "HF_HUB_OFFLINE forbids them", mend: "unset it to pull models")
        }
        guard found("curl") else {
            return .warning("downloads", "there is no curl, which pulls models", mend: "install curl")
        }
        return .ok("downloads", environment["HF_ENDPOINT"].map { "from \($0)" } ?? "curl is there")
    }

    private func found(_ program: String) -> Bool {
        (environment["PATH"] ?? "").split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
    }
}
