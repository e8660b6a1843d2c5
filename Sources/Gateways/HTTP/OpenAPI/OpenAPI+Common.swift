// SPDX-License-Identifier: Apache-2.0
//
// What several APIs have in common.

extension OpenAPI {
    static let common = #"""
        {
          "paths": {
            "/openapi.json": {"get": {
              "summary": "This document", "operationId": "describe",
              "responses": {"200": {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}}}
            }},
            "/ws": {"get": {
              "summary": "JSON-RPC over a WebSocket (docs/protocol.md)", "operationId": "connect",
              "responses": {
                "101": {"description": "The connection is a WebSocket"},
                "426": {"description": "It must become one", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/HearthError"}}}}
              }
            }}
          },
          "schemas": {
            "HearthError": {
              "type": "object", "required": ["error", "kind"],
              "properties": {"error": {"type": "string"}, "kind": {"type": "string"}}
            },
            "Lane": {"description": "Which queue the request waits in.", "enum": ["interactive", "normal", "background"]},
            "InputType": {"description": "What the texts are, for models with a prompt for each.", "enum": ["query", "document"]},
            "Truncation": {"description": "What becomes of a text that is too long.", "enum": ["tail", "head", "error", "chunk_mean"]},
            "SpaceID": {"description": "Names the space of the vectors: they may be compared where it is equal.", "type": "string"},
            "Model": {"description": "A catalogue name, a hub id or an installed model's name; \"name:query\" and \"name:document\" say what the texts are. Without it, the default model.", "type": "string"},
            "Vector": {"type": "array", "items": {"type": "number"}},
            "TokenIDs": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 2147483647}, "minItems": 1},
            "Texts": {"anyOf": [
              {"type": "string"},
              {"type": "array", "items": {"type": "string"}, "minItems": 1}
            ]},
            "TextsOrTokens": {"anyOf": [
              {"type": "string", "minLength": 1},
              {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
              {"$ref": "#/components/schemas/TokenIDs"},
              {"type": "array", "items": {"$ref": "#/components/schemas/TokenIDs"}, "minItems": 1}
            ]},
            "Documents": {"type": "array", "minItems": 1, "items": {"anyOf": [
              {"type": "string"},
              {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
            ]}},
            "Truncated": {
              "description": "Texts that were cut: their place, their tokens, and how many were used.",
              "type": "array", "items": {
                "type": "object", "required": ["index", "tokens", "used"],
                "properties": {"index": {"type": "integer"}, "tokens": {"type": "integer"}, "used": {"type": "integer"}}
              }
            }
          }
        }
        """#
}
