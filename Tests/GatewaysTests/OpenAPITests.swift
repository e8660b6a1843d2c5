// SPDX-License-Identifier: Apache-2.0
//
// The description of the routes describes them all, and is in the documents.

import Gateways
import JSON
import NIOHTTP1
import TestSupport
import Testing

@Suite struct OpenAPITests {
    private let document = OpenAPI.document()

    @Test func everyRouteIsDescribedAndNoOther() {
        let described = (document["paths"]?.object?.members ?? []).flatMap { path in
            (path.value.object?.members ?? []).map { "\($0.key.uppercased()) \(path.key)" }
        }
        #expect(Set(described) == Set(HTTPGateway.routes.map { "\($0.method.rawValue) \($0.path)" }))
        #expect(Set(described).count == described.count)
    }

    @Test func everyReferenceLeadsSomewhere() {
        func references(_ json: JSONValue) -> [String] {
            if let reference = json["$ref"]?.string { return [reference] }
            return (json.array ?? json.object?.members.map(\.value) ?? []).flatMap(references)
        }
        let schemas = Set(
            (document["components"]?["schemas"]?.object?.members ?? []).map { "#/components/schemas/\($0.key)" })
        for reference in references(document) { #expect(schemas.contains(reference), "\(reference)") }
    }

    @Test func itIsServed() async {
        #expect(await Client().get("/openapi.json").json == OpenAPI.document(version: "0.1.0"))
    }

    /// `HEARTH_WRITE_DOCS=1 swift test --filter GatewaysTests` writes it anew.
    @Test func theFileIsCurrent() throws {
        let path = repositoryFile("docs/openapi.json")
        let text = document.indented + "\n"
        if variable("HEARTH_WRITE_DOCS") != nil { writeFile(text, to: path) }
        let isCurrent = readText(path) == text
        #expect(isCurrent, "HEARTH_WRITE_DOCS=1 swift test --filter GatewaysTests writes it anew")
    }
}

extension JSONValue {
    /// With a line for each member, for people and for diffs.
    fileprivate var indented: String { indented(by: "") }

    private func indented(by margin: String) -> String {
        if case let text = description, text.utf8.count < 100 { return text }
        let inner = margin + "  "
        switch self {
        case .object(let object) where !object.members.isEmpty:
            let lines = object.members.map { "\(inner)\(JSONValue.string($0.key)): \($0.value.indented(by: inner))" }
            return "{\n\(lines.joined(separator: ",\n"))\n\(margin)}"
        case .array(let elements) where elements.contains { $0.object != nil || $0.array != nil }:
            return "[\n\(elements.map { inner + $0.indented(by: inner) }.joined(separator: ",\n"))\n\(margin)]"
        default: return description
        }
    }
}
