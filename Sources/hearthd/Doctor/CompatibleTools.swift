// SPDX-License-Identifier: Apache-2.0
//
// The tools whose daemons Hearth can stand in for: which are on this machine,
// which are switched on, and who is where they look.

import Configuration
import Daemon
import JSON
import ModelStore
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct CompatibleTools {
    struct Tool {
        let name: String
        let isEnabled: Bool
        let plans: [FrontEndPlan]
        /// Where it was seen; nil for a tool that is not on this machine.
        let trace: String?
    }

    private let status: JSONValue?
    private let environment: [String: String]
    private let store: ModelStore
    let tools: [Tool]

    /// - Parameter status: what a running daemon says of itself.
    init(_ settings: Settings, _ status: JSONValue?, environment: [String: String]) {
        self.status = status
        self.environment = environment
        store = ModelStore(directory: settings.paths.data, environment: environment)
        let plans = FrontEndPlan.all(settings.configuration.compat, environment: environment)
        tools = FrontEndPlan.tools.map { name in
            Tool(
                name: name, isEnabled: settings.effective["compat.\(name)"]?.value == .boolean(true),
                plans: plans.filter { $0.tool == name }, trace: Self.trace(of: name, environment))
        }
    }

    /// Programs in PATH and folders in the home folder by which a tool is known.
    private static func traces(of tool: String) -> (programs: [String], folders: [String]) {
        switch tool {
        case "ember": (["ember"], [".ember", ".config/ember"])
        case "cass": (["cass"], [".config/cass", ".local/share/coding-agent-search"])
        case "twilog": (["twilog-mcp-server"], ["twilog-search"])
        case "mozart": (["mozartd", "mozart"], [".mozart"])
        default: ([], [])
        }
    }

    private static func trace(of tool: String, _ environment: [String: String]) -> String? {
        let (programs, folders) = traces(of: tool)
        for folder in (environment["PATH"] ?? "").split(separator: ":") {
            for program in programs where access("\(folder)/\(program)", X_OK) == 0 { return "\(folder)/\(program)" }
        }
        guard let home = environment["HOME"] else { return nil }
        return folders.map { "\(home)/\($0)" }.first { access($0, F_OK) == 0 }
    }

    struct Place {
        let address: String
        /// "open", "stopped", "closed", "failed", or "taken" where somebody else is there.
        let state: String
        let reason: String?
    }

    /// Where a tool's clients look, and what is there. A running daemon may have another environment than this process,
    /// so it has the say.
    func places(of tool: Tool) -> [Place] {
        let reported = (status?["compat"]?.array ?? []).compactMap { place -> Place? in
            guard place["tool"]?.string == tool.name, let address = place["address"]?.string else { return nil }
            return Place(address: address, state: place["state"]?.string ?? "?", reason: place["reason"]?.string)
        }
        if !reported.isEmpty { return reported }
        return tool.plans.map { Place(address: $0.address, state: isTaken($0) ? "taken" : "closed", reason: nil) }
    }

    /// Whether somebody is where the tool looks.
    private func isTaken(_ plan: FrontEndPlan) -> Bool {
        switch plan {
        case .ember(let socket, _), .cass(let socket), .mozart(let socket, _): SocketPlace(socket).isServed
        case .twilog(let port, _): SocketPlace.isServed(port: port)
        }
    }

    /// The model that a tool needs and that is not installed.
    func missingModel(_ tool: Tool) -> String? {
        tool.plans.lazy.compactMap(\.model).first { (try? store.resolve($0)) == nil }
    }

    func findings() -> [Finding] { tools.flatMap { tool in finding(tool).map { [$0] } ?? [] } }

    private func finding(_ tool: Tool) -> Finding? {
        let places = places(of: tool)
        if !tool.isEnabled {
            guard let trace = tool.trace else { return nil }
            let other = places.contains { $0.state == "taken" } ? "; its own daemon runs" : ""
            return .ok(
                tool.name, "is on this machine (\(trace))\(other); to serve it: hearth compat enable \(tool.name)")
        }
        if let place = places.first(where: { $0.state == "taken" || $0.reason != nil }) {
            return .warning(
                tool.name, place.reason ?? "another process serves '\(place.address)'",
                mend: "once that is mended: hearth compat enable \(tool.name)")
        }
        if let model = missingModel(tool) {
            return .warning(
                tool.name, "'\(model)' is not installed, which it needs", mend: "hearth models pull \(model)")
        }
        let addresses = places.map(\.address).joined(separator: ", ")
        return .ok(tool.name, status == nil ? "will be served at \(addresses)" : "is served at \(addresses)")
    }
}
