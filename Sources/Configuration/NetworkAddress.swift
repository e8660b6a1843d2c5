// SPDX-License-Identifier: Apache-2.0
//
// `HOST:PORT`, and whether other machines can reach it.

public struct NetworkAddress: Sendable, Hashable {
    /// A name or an address, without brackets.
    public let host: String
    /// 0 lets the system choose.
    public let port: Int

    /// - Returns: nil when the text is not `HOST:PORT`; an IPv6 host stands in brackets.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits),
            port <= 65535
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"/@[]".utf8.contains($0) }) else {
            return nil
        }
        self.host = String(host)
        self.port = port
    }

    /// Only programs on this machine can connect.
    public var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
