// SPDX-License-Identifier: Apache-2.0
//
// Which sockets of other tools the configuration wants, and where those tools
// look for them.

public import Configuration

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public enum FrontEndPlan: Sendable, Hashable {
    case ember(socket: String, model: Configuration.EmberModel)
    case cass(socket: String)
    case twilog(port: Int, model: String)
    case mozart(socket: String, pidFile: String)

    /// Every tool that a front-end can be for.
    public static let tools = ["ember", "cass", "twilog", "mozart"]

    public var tool: String {
        switch self {
        case .ember: "ember"
        case .cass: "cass"
        case .twilog: "twilog"
        case .mozart: "mozart"
        }
    }

    /// Where clients look.
    public var address: String {
        switch self {
        case .ember(let socket, _), .cass(let socket), .mozart(let socket, _): socket
        case .twilog(let port, _): "ws://localhost:\(port)/"
        }
    }

    /// The hub's name of the model that it needs; nil for none.
    public var model: String? {
        switch self {
        case .ember(_, .jinaCode): "jinaai/jina-embeddings-v2-base-code"
        case .ember(_, .miniLM), .cass: "sentence-transformers/all-MiniLM-L6-v2"
        case .ember(_, .bgeSmall): "BAAI/bge-small-en-v1.5"
        case .twilog(_, let model): model
        case .mozart: nil
        }
    }

    /// What is switched on.
    static func wanted(_ compat: Configuration.Compat, environment: [String: String]) -> [FrontEndPlan] {
        let all = all(compat, environment: environment)
        return all.filter { plan in
            switch plan {
            case .ember: compat.ember
            case .cass: compat.cass
            case .twilog: compat.twilog
            case .mozart: compat.mozart
            }
        }
    }

    /// What can be switched on.
    public static func all(_ compat: Configuration.Compat, environment: [String: String]) -> [FrontEndPlan] {
        let emberSocket = compat.emberSocket ?? home(environment) + "/.ember/daemon.sock"
        let cassSockets = compat.cassSocket.map { [$0] } ?? cassSockets(environment)
        return [.ember(socket: emberSocket, model: compat.emberModel)] + cassSockets.map { .cass(socket: $0) } + [
            .twilog(port: compat.twilogPort, model: compat.twilogModel),
            .mozart(socket: compat.mozartSocket, pidFile: compat.mozartPIDFile),
        ]
    }

    private static func home(_ environment: [String: String]) -> String {
        if let home = environment["HOME"], home.hasPrefix("/") { return home }
        return getpwuid(geteuid()).map { String(cString: $0.pointee.pw_dir) } ?? "/"
    }

    /// Versions of cass until the middle of 2026 look for the first name, later ones for the second.
    private static func cassSockets(_ environment: [String: String]) -> [String] {
        if let path = environment["CASS_DAEMON_SOCKET"], path.hasPrefix("/") { return [path] }
        var folder = environment["TMPDIR"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
        while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
        let allowed = (environment["USER"] ?? "unknown").filter { character in
            character.isASCII && (character.isLetter || character.isNumber || character == "-" || character == "_")
        }
        let user = allowed.isEmpty ? "unknown" : String(allowed.prefix(64))
        return ["semantic-daemon-\(user).sock", "cass-semantic-daemon-\(user).sock"].map { "\(folder)/\($0)" }
    }
}
