// SPDX-License-Identifier: Apache-2.0
//
// What `hearth why` tells of a request, in the words of OpenTelemetry's
// conventions: https://opentelemetry.io/docs/specs/semconv/gen-ai/

import Gateways
import JSON
import Observability

extension Span {
    /// Nil for a request whose caller says that its trace is not recorded.
    /// - Parameter end: when it was answered, in nanoseconds since 1970.
    init?(_ request: RequestHistory.Entry, end: UInt64) {
        var (trace, parent): (String?, String?) = (nil, nil)
        if let text = request.facts["traceparent"]?.string {
            // W3C Trace Context: version, trace, span, flags; the lowest flag is "sampled".
            let parts = text.split(separator: "-")
            guard parts.count == 4, let flags = UInt8(parts[3], radix: 16), flags & 1 == 1 else { return nil }
            (trace, parent) = (String(parts[1]), String(parts[2]))
        }
        let operation = Self.operation(of: request.method)
        let model = request.facts["model"]?.string
        let nanoseconds = UInt64(max(0, request.duration / .nanoseconds(1)))
        self.init(
            trace: trace ?? Span.randomID(digits: 32), id: Span.randomID(digits: 16), parent: parent,
            name: operation.map { name in model.map { "\(name) \($0)" } ?? name } ?? request.method,
            start: end - min(end, nanoseconds), end: end, attributes: Self.attributes(request, operation),
            failure: request.failure?.message)
    }

    private static func attributes(_ request: RequestHistory.Entry, _ operation: String?) -> JSONObject {
        var attributes: JSONObject = [:]
        attributes["gen_ai.operation.name"] = operation.map(JSONValue.string)
        if operation != nil { attributes["gen_ai.provider.name"] = "hearth" }
        let words = request.method.split(separator: " ", maxSplits: 1)
        if words.count == 2, words[1].hasPrefix("/") {
            attributes["http.request.method"] = .string(String(words[0]))
            attributes["http.route"] = .string(String(words[1]))
        } else {
            attributes["rpc.method"] = .string(request.method)
        }
        for fact in request.facts.members {
            switch fact.key {
            case "trace_id", "traceparent": break
            case "model": attributes["gen_ai.request.model"] = fact.value
            case "tokens": attributes["gen_ai.usage.input_tokens"] = fact.value
            default: attributes["hearth.\(fact.key)"] = fact.value
            }
        }
        attributes["hearth.client"] = request.name.map(JSONValue.string)
        attributes["error.type"] = request.failure.map { .string($0.kind) }
        return attributes
    }

    /// By the name of the method or the path of the route; nil for what is no inference.
    private static func operation(of method: String) -> String? {
        if method.contains("embed") || method.hasSuffix("/similarity") { return "embeddings" }
        if method.contains("rerank") { return "rerank" }
        return nil
    }
}
