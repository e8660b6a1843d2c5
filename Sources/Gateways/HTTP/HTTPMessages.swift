// SPDX-License-Identifier: Apache-2.0
//
// A request and its answer as values: what handlers take and give, whoever
// moves the bytes.

public import JSON
public import NIOHTTP1
public import Serving
import WireProtocol

public struct HTTPRequest: Sendable {
    public var method: HTTPMethod
    /// As it was sent: percent-encoded, with the query.
    public var target: String
    public var headers: HTTPHeaders
    public var body: [UInt8]
    public var client: ClientID
    /// Whether it came over a socket whose file mode keeps others out; else `Host` and token are checked.
    public var isLocal: Bool

    public init(
        _ method: HTTPMethod, _ target: String, headers: HTTPHeaders = [:], body: [UInt8] = [],
        client: ClientID = .unknown, isLocal: Bool = false
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.client = client
        self.isLocal = isLocal
    }

    /// The target up to the query, still percent-encoded.
    var path: Substring {
        // A proxy may send the whole URL (RFC 9112 §3.2.2).
        var path = target[...]
        for scheme in ["http://", "https://"] where path.lowercased().hasPrefix(scheme) {
            path = path.dropFirst(scheme.count)
            path = path.firstIndex(of: "/").map { path[$0...] } ?? "/"
        }
        return path.prefix { $0 != "?" && $0 != "#" }
    }

    /// What follows the path, by name; of what comes twice the last one counts.
    func query() throws(HTTPFailure) -> [String: String] {
        var values: [String: String] = [:]
        let text = target.drop { $0 != "?" }.dropFirst().prefix { $0 != "#" }
        for pair in text.split(separator: "&") {
            let spaced = pair.map { $0 == "+" ? " " : $0 }
            let parts = Substring(spaced).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts[0].percentDecoded, let value = (parts.count > 1 ? parts[1] : "").percentDecoded
            else { throw .invalid("the query is not UTF-8, percent-encoded") }
            values[name] = value
        }
        return values
    }
}

public struct HTTPResponse: Sendable {
    public enum Body: Sendable {
        case bytes([UInt8])
        /// Sent piece by piece as it comes.
        case stream(AsyncStream<[UInt8]>)
    }

    public var status: HTTPResponseStatus
    public var headers: HTTPHeaders
    public var body: Body
    /// Counted by the daemon as in flight until it has left.
    var isWork = false

    public init(
        _ status: HTTPResponseStatus = .ok, type: String? = nil, body: [UInt8] = [], headers: HTTPHeaders = [:]
    ) {
        self.status = status
        self.headers = headers
        self.body = .bytes(body)
        if let type { self.headers.replaceOrAdd(name: "content-type", value: type) }
    }

    public init(_ status: HTTPResponseStatus = .ok, json: JSONValue) { self.init(status, json: json.encoded()) }

    public init(_ status: HTTPResponseStatus = .ok, json: [UInt8]) {
        self.init(status, type: "application/json", body: json)
    }

    /// JSON documents, one per line, as they come.
    init(lines: AsyncStream<JSONValue>) {
        status = .ok
        headers = ["content-type": "application/x-ndjson"]
        // A reader that is too slow misses some.
        let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self, bufferingPolicy: .bufferingNewest(256))
        let forwarding = Task {
            for await line in lines { continuation.yield(line.encoded() + [UInt8(ascii: "\n")]) }
            continuation.finish()
        }
        continuation.onTermination = { _ in forwarding.cancel() }
        body = .stream(stream)
    }
}

extension Substring {
    /// With `%2F` and the like resolved; nil where that is no UTF-8 text.
    var percentDecoded: String? {
        guard utf8.contains(UInt8(ascii: "%")) else { return String(self) }
        var bytes: [UInt8] = []
        var rest = utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(\.hexDigit), let low = rest.popFirst().flatMap(\.hexDigit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var hexDigit: UInt8? { Character(Unicode.Scalar(self)).hexDigitValue.flatMap(UInt8.init(exactly:)) }
}
