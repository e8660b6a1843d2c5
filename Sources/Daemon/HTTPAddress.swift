// SPDX-License-Identifier: Apache-2.0
//
// Where the daemon speaks HTTP, as the setting says it.

enum HTTPAddress: Sendable, Hashable, CustomStringConvertible {
    /// An IP address, without brackets.
    case network(host: String, port: Int)
    case unix(path: String)

    init(_ text: String) throws(StartupError) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard path.hasPrefix("/") else {
                throw StartupError("http.address is '\(text)'; the path of a socket must begin with /")
            }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else { throw StartupError("http.address is '\(text)'; it must be a host and a port, as 127.0.0.1:8420") }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        // What the name means elsewhere is none of our business.
        self = .network(host: host == "localhost" ? "127.0.0.1" : String(host), port: port)
    }

    /// Whether only this machine can reach it.
    var isLoopback: Bool {
        switch self {
        case .unix: true
        case .network(let host, _): host == "::1" || host.hasPrefix("127.")
        }
    }

    var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .network(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }
}
