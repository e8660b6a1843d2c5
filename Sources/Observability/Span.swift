// SPDX-License-Identifier: Apache-2.0
//
// One request as tracing systems see it: when, how long, what of, and whose
// part it was.

public import JSON

public struct Span: Sendable {
    /// 32 hexadecimal digits, the same for all spans of a trace.
    public var trace: String
    /// 16 hexadecimal digits.
    public var id: String
    /// The caller's span; nil for the first of a trace.
    public var parent: String?
    public var name: String
    /// Nanoseconds since 1970.
    public var start: UInt64
    public var end: UInt64
    /// Texts, numbers and truth values; others are left out.
    public var attributes: JSONObject
    /// Why it failed.
    public var failure: String?

    public init(
        trace: String, id: String, parent: String? = nil, name: String, start: UInt64, end: UInt64,
        attributes: JSONObject = [:], failure: String? = nil
    ) {
        self.trace = trace
        self.id = id
        self.parent = parent
        self.name = name
        self.start = start
        self.end = end
        self.attributes = attributes
        self.failure = failure
    }

    /// So many random digits, not all of them 0, which would mean none.
    public static func randomID(digits count: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        var text = ""
        while text.utf8.count < count {
            let digits = String(UInt64.random(in: 1...UInt64.max, using: &generator), radix: 16)
            text += String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }
        return text
    }
}
