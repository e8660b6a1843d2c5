// SPDX-License-Identifier: Apache-2.0
//
// Where spans go, as the settings say it.

import NIOHTTP1

/// The collector's address, and what every request to it carries.
public struct OTLPEndpoint: Sendable {
    let isEncrypted: Bool
    /// A name or an IP address, without brackets.
    let host: String
    let port: Int
    /// With `/v1/traces` behind what the URL has.
    let path: String
    let headers: HTTPHeaders

    /// - Parameters:
    ///   - url: `http://host:port`, perhaps with a path.
    ///   - headers: `name=value,other=value`.
    public init(_ url: String, headers: String? = nil) throws(StartupError) {
        func refusal(_ why: String) -> StartupError {
            StartupError("telemetry.otlp_endpoint is '\(url)'; \(why), as in http://127.0.0.1:4318")
        }
        let parts = url.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, ["http", "https"].contains(parts[0].lowercased()) else {
            throw refusal("it must begin with http:// or https://")
        }
        isEncrypted = parts[0].lowercased() == "https"
        guard parts[1].utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            !parts[1].contains(where: { "@?#".contains($0) })
        else { throw refusal("it may have a host, a port and a path") }
        let slash = parts[1].firstIndex(of: "/") ?? parts[1].endIndex
        var place = parts[1][..<slash]
        var base = parts[1][slash...]
        while base.hasSuffix("/") { base.removeLast() }
        path = base + "/v1/traces"
        var port = isEncrypted ? 443 : 80
        if let colon = place.lastIndex(of: ":"), !place.hasSuffix("]") {
            guard let number = Int(place[place.index(after: colon)...]), (1...65535).contains(number) else {
                throw refusal("its port must be a number from 1 to 65535")
            }
            port = number
            place = place[..<colon]
        }
        if place.hasPrefix("["), place.hasSuffix("]") { place = place.dropFirst().dropLast() }
        guard !place.isEmpty else { throw refusal("it must have a host") }
        (host, self.port) = (String(place), port)
        self.headers = try Self.headers(headers ?? "")
    }

    private static func headers(_ text: String) throws(StartupError) -> HTTPHeaders {
        var headers = HTTPHeaders()
        for pair in text.split(separator: ",") {
            let parts = pair.split(separator: "=", maxSplits: 1).map { part in
                String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            }
            guard parts.count == 2, isToken(parts[0]), parts[1].utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                // The text may hold a secret.
                throw StartupError("telemetry.otlp_headers must be name=value, with commas between them")
            }
            headers.replaceOrAdd(name: parts[0], value: parts[1])
        }
        return headers
    }

    /// RFC 9110 §5.6.2.
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    /// `Host` of a request.
    var authority: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return port == (isEncrypted ? 443 : 80) ? host : "\(host):\(port)"
    }
}
