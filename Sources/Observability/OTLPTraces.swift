// SPDX-License-Identifier: Apache-2.0
//
// Spans as OpenTelemetry's collectors take them: an ExportTraceServiceRequest
// in the JSON encoding of OTLP (https://opentelemetry.io/docs/specs/otlp/), in
// which ids are hexadecimal and integers of 64 bits are texts.

public import JSON

public enum OTLPTraces {
    /// SPAN_KIND_SERVER: all that is told of are answers to somebody.
    private static let kind: JSONValue = 2
    /// STATUS_CODE_ERROR.
    private static let failed: JSONValue = 2

    /// - Parameters:
    ///   - resource: attributes of the process.
    ///   - scope: the name and the version of what made the spans.
    public static func body(_ spans: [Span], resource: JSONObject, scope: (name: String, version: String)) -> [UInt8] {
        let own: JSONValue = ["name": .string(scope.name), "version": .string(scope.version)]
        let request: JSONValue = [
            "resourceSpans": [
                [
                    "resource": ["attributes": attributes(resource)],
                    "scopeSpans": [["scope": own, "spans": .array(spans.map(json))]],
                ]
            ]
        ]
        return request.encoded()
    }

    private static func json(_ span: Span) -> JSONValue {
        var object: JSONObject = ["traceId": .string(span.trace), "spanId": .string(span.id)]
        object["parentSpanId"] = span.parent.map(JSONValue.string)
        object["name"] = .string(span.name)
        object["kind"] = kind
        object["startTimeUnixNano"] = .string("\(span.start)")
        object["endTimeUnixNano"] = .string("\(span.end)")
        object["attributes"] = attributes(span.attributes)
        if let failure = span.failure { object["status"] = ["code": failed, "message": .string(failure)] }
        return .object(object)
    }

    private static func attributes(_ object: JSONObject) -> JSONValue {
        .array(
            object.members.compactMap { member in
                value(member.value).map { ["key": .string(member.key), "value": .object($0)] }
            })
    }

    /// An AnyValue; nil for what has no attribute's type.
    private static func value(_ value: JSONValue) -> JSONObject? {
        switch value {
        case .string(let text): ["stringValue": .string(text)]
        case .integer(let number): ["intValue": .string("\(number)")]
        case .number(let number): ["doubleValue": .number(number)]
        case .bool(let flag): ["boolValue": .bool(flag)]
        case .null, .array, .object: nil
        }
    }
}
