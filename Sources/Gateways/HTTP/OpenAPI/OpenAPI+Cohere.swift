// SPDX-License-Identifier: Apache-2.0
//
// Cohere's embed and rerank.

extension OpenAPI {
    static let cohere = #"""
        {
          "paths": {
            "/v2/embed": {"post": {
              "summary": "Vectors of texts, by type", "operationId": "cohereEmbed",
              "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "$ref": "#/components/schemas/CohereEmbedRequest"
              }}}},
              "responses": {"200": {"description": "Vectors by type", "content": {"application/json": {"schema": {
                "allOf": [{"$ref": "#/components/schemas/CohereEmbeddings"}],
                "properties": {"embeddings": {"$ref": "#/components/schemas/CohereVectorsByType"}}
              }}}}}
            }},
            "/v1/embed": {"post": {
              "summary": "Vectors of texts, by type where types are named", "operationId": "cohereEmbedV1",
              "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "$ref": "#/components/schemas/CohereEmbedRequest"
              }}}},
              "responses": {"200": {"description": "Vectors", "content": {"application/json": {"schema": {
                "allOf": [{"$ref": "#/components/schemas/CohereEmbeddings"}],
                "properties": {"embeddings": {"anyOf": [
                  {"type": "array", "items": {"$ref": "#/components/schemas/Vector"}},
                  {"$ref": "#/components/schemas/CohereVectorsByType"}
                ]}}
              }}}}}
            }},
            "/v2/rerank": {"post": {
              "summary": "Documents by how well they answer a query", "operationId": "cohereRerank",
              "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "type": "object", "required": ["query", "documents"],
                "properties": {
                  "model": {"$ref": "#/components/schemas/Model"},
                  "query": {"type": "string"},
                  "documents": {"$ref": "#/components/schemas/Documents"},
                  "top_n": {"type": "integer", "minimum": 1},
                  "max_tokens_per_doc": {"type": "integer", "description": "Passed over; what was cut is reported."},
                  "priority": {"type": "integer", "description": "Passed over; see lane."},
                  "lane": {"$ref": "#/components/schemas/Lane"}
                }
              }}}},
              "responses": {"200": {"description": "The best first", "content": {"application/json": {"schema": {
                "type": "object", "required": ["id", "results", "meta"],
                "properties": {
                  "id": {"type": "string"},
                  "results": {"type": "array", "items": {
                    "type": "object", "required": ["index", "relevance_score"],
                    "properties": {"index": {"type": "integer"}, "relevance_score": {"type": "number", "minimum": 0, "maximum": 1}}
                  }},
                  "meta": {"$ref": "#/components/schemas/CohereMeta"},
                  "model": {"type": "string"},
                  "truncated": {"$ref": "#/components/schemas/Truncated"},
                  "notice": {"type": "string"}
                }
              }}}}}
            }}
          },
          "schemas": {
            "CohereEmbedRequest": {
              "type": "object", "required": ["texts"],
              "properties": {
                "model": {"$ref": "#/components/schemas/Model"},
                "texts": {"$ref": "#/components/schemas/Documents"},
                "input_type": {"enum": ["search_document", "search_query", "classification", "clustering", "query", "document"]},
                "embedding_types": {"type": "array", "minItems": 1, "items": {"enum": ["float", "int8", "uint8", "binary", "ubinary", "base64"]}},
                "output_dimension": {"type": "integer", "minimum": 1},
                "truncate": {"enum": ["NONE", "START", "END"], "default": "END"},
                "lane": {"$ref": "#/components/schemas/Lane"},
                "expect_space": {"$ref": "#/components/schemas/SpaceID"}
              }
            },
            "CohereEmbeddings": {
              "type": "object", "required": ["id", "embeddings", "texts", "meta", "response_type"],
              "properties": {
                "id": {"type": "string"},
                "texts": {"type": "array", "items": {"type": "string"}},
                "meta": {"$ref": "#/components/schemas/CohereMeta"},
                "response_type": {"enum": ["embeddings_floats", "embeddings_by_type"]},
                "model": {"type": "string"},
                "space_id": {"$ref": "#/components/schemas/SpaceID"},
                "truncated": {"$ref": "#/components/schemas/Truncated"},
                "notice": {"type": "string"}
              }
            },
            "CohereVectorsByType": {
              "type": "object", "additionalProperties": false,
              "properties": {
                "float": {"type": "array", "items": {"$ref": "#/components/schemas/Vector"}},
                "int8": {"type": "array", "items": {"type": "array", "items": {"type": "integer", "minimum": -127, "maximum": 127}}},
                "uint8": {"type": "array", "items": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 255}}},
                "binary": {"type": "array", "items": {"type": "array", "items": {"type": "integer", "minimum": -128, "maximum": 127}}},
                "ubinary": {"type": "array", "items": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 255}}},
                "base64": {"type": "array", "items": {"type": "string"}}
              }
            },
            "CohereMeta": {
              "type": "object", "required": ["api_version"],
              "properties": {
                "api_version": {"type": "object", "properties": {"version": {"type": "string"}}},
                "billed_units": {"type": "object"},
                "warnings": {"type": "array", "items": {"type": "string"}}
              }
            },
            "CohereError": {
              "type": "object", "required": ["message"],
              "properties": {"id": {"type": "string"}, "message": {"type": "string"}}
            }
          }
        }
        """#
}
