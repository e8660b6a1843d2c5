// SPDX-License-Identifier: Apache-2.0
//
// As much of a URL as following redirects takes: who is asked, and for what.

struct WebAddress: Sendable, Hashable, CustomStringConvertible {
    /// "http" or "https".
    let scheme: String
    /// Host and port, lower case.
    let authority: String
    /// Path and query, with the leading slash.
    let path: String

    /// Nil for anything but a plain absolute http or https address.
    init?(_ text: String) {
        guard let colon = text.firstRange(ofText: "://") else { return nil }
        let scheme = text[..<colon.lowerBound].lowercased()
        let rest = text[colon.upperBound...]
        let authority = rest.prefix { !"/?#".contains($0) }.lowercased()
        let path = rest.dropFirst(authority.count)
        guard ["http", "https"].contains(scheme), !authority.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        self.scheme = scheme
        self.authority = authority
        self.path = path.hasPrefix("/") ? String(path) : "/" + path
    }

    /// Scheme, host and port: a token goes to where it was meant for and no further.
    var origin: String { "\(scheme)://\(authority)" }

    var description: String { origin + path }

    /// Where a `Location` header leads from here: absolute, or from the root of the same host.
    func following(_ location: String) -> WebAddress? {
        if location.hasPrefix("//") { return WebAddress("\(scheme):\(location)") }
        if location.hasPrefix("/") { return WebAddress(origin + location) }
        guard let target = WebAddress(location), scheme == "http" || target.scheme == "https" else { return nil }
        return target
    }

    /// Percent-encodes a path's part (RFC 3986 unreserved characters stay).
    static func encode(_ text: String, keepingSlashes: Bool) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { encoded, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.append(Character(Unicode.Scalar(byte)))
            case UInt8(ascii: "/") where keepingSlashes: encoded.append("/")
            default: encoded += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
    }
}

extension String {
    fileprivate func firstRange(ofText text: String) -> Range<Index>? {
        indices.lazy.first { self[$0...].hasPrefix(text) }.map { $0..<index($0, offsetBy: text.count) }
    }
}
