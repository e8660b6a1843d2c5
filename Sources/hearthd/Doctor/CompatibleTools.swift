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

    /// What the running daemon says of a front-end: "open", "failed", …; nil where it says nothing.
    func state(of plan: FrontEndPlan) -> (state: String, reason: String?)? {
        let all = status?["compat"]?.array ?? []
        guard let found = all.first(where: { $0["address"]?.string == plan.address }),
            let state = found["state"]?.string
        else { return nil }
        return (state, found["reason"]?.string)
    }

    /// Whether somebody else is where the tool looks.
    func isTaken(_ plan: FrontEndPlan) -> Bool {
        if state(of: plan)?.state == "open" { return false }
        return switch plan {
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
        let taken = tool.plans.filter(isTaken)
        if !tool.isEnabled {
            guard let trace = tool.trace else { return nil }
            let other = taken.isEmpty ? "" : "; its own daemon runs"
            return .ok(
                tool.name, "is on this machine (\(trace))\(other); to serve it: hearth compat enable \(tool.name)")
        }
        if let plan = taken.first {
            return .warning(
                tool.name, "another process serves \(plan.address)",
                mend: "stop that one, then: hearth compat enable \(tool.name)")
        }
        if let (plan, reason) = tool.plans.lazy.compactMap({ plan in state(of: plan)?.reason.map { (plan, $0) } }).first
        {
            return .warning(
                tool.name, "\(plan.address) cannot be opened: \(reason)", mend: "hearth compat enable \(tool.name)")
        }
        if let model = missingModel(tool) {
            return .warning(
                tool.name, "'\(model)' is not installed, which it needs", mend: "hearth models pull \(model)")
        }
        let places = tool.plans.map(\.address).joined(separator: ", ")
        return .ok(tool.name, status == nil ? "will be served at \(places)" : "is served at \(places)")
    }
}
