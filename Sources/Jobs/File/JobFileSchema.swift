// SPDX-License-Identifier: Apache-2.0
//
// The JSON Schema (draft 2020-12) of job files, for editors; made from the
// table by which files are checked.

internal import JSON

extension JobFile {
    /// The schema as indented JSON text, ended by a newline.
    public static var schemaText: String {
        var schema: JSONObject = [
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Hearth job file",
        ]
        schema.members += KeyTable.job.schema.members
        return indented(.object(schema), depth: 0) + "\n"
    }

    private static func indented(_ value: JSONValue, depth: Int) -> String {
        let indent = String(repeating: "  ", count: depth + 1)
        let end = "\n" + String(repeating: "  ", count: depth)
        switch value {
        case .object(let object) where !object.members.isEmpty:
            let members = object.members.map {
                "\(indent)\(JSONValue.string($0.key)): \(indented($0.value, depth: depth + 1))"
            }
            return "{\n" + members.joined(separator: ",\n") + end + "}"
        case .array(let items) where items.contains(where: { $0.object != nil }):
            let lines = items.map { indent + indented($0, depth: depth + 1) }
            return "[\n" + lines.joined(separator: ",\n") + end + "]"
        default: return value.description
        }
    }
}

extension KeyTable {
    fileprivate var schema: JSONObject {
        var properties = JSONObject()
        for key in keys {
            var property: JSONObject = ["description": .string(key.text)]
            property.members += key.kind.schema.members
            properties[key.name] = .object(property)
        }
        var schema: JSONObject = ["type": "object"]
        schema["properties"] = .object(properties)
        schema["additionalProperties"] = false
        let required = keys.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { schema["required"] = .array(required) }
        if !exactlyOne.isEmpty {
            schema["oneOf"] = .array(exactlyOne.map { ["required": [.string($0)]] })
        }
        return schema
    }
}

extension KeyTable.Kind {
    fileprivate var schema: JSONObject {
        // YAML writes numbers and truths without quotes; where a text is wanted they are texts.
        let scalar: JSONValue = ["string", "number", "boolean"]
        let identifier: JSONValue = [
            "type": ["string", "integer"], "pattern": .string(String.identifierPattern),
        ]
        switch self {
        case .text, .template: return ["type": scalar]
        case .identifier: return ["type": ["string", "integer"], "pattern": .string(String.identifierPattern)]
        case .identifiers: return ["anyOf": [identifier, ["type": "array", "items": identifier]]]
        case .integer(let range): return Self.integer(range)
        case .duration:
            return [
                "type": ["string", "number"], "pattern": "^([0-9.]+(d|h|m|s|ms)?)+$", "exclusiveMinimum": 0,
                "maximum": .integer(Duration.longestInJobFile.components.seconds),
            ]
        case .choice(let choices): return ["enum": .array(choices.map { .string($0) })]
        case .condition: return ["type": "string"]
        case .command:
            return ["anyOf": [["type": "string"], ["type": "array", "items": ["type": scalar], "minItems": 1]]]
        case .environment:
            return [
                "type": "object", "propertyNames": ["pattern": .string(String.variablePattern)],
                "additionalProperties": ["type": scalar],
            ]
        case .mapping(let table): return table.schema
        case .mappings(let table):
            return ["type": "array", "minItems": 1, "items": .object(table.schema)]
        case .integerOrMapping(let range, let table):
            return ["anyOf": [.object(Self.integer(range)), .object(table.schema)]]
        }
    }

    private static func integer(_ range: ClosedRange<Int>) -> JSONObject {
        [
            "type": "integer", "minimum": .integer(Int64(range.lowerBound)),
            "maximum": .integer(Int64(range.upperBound)),
        ]
    }
}
