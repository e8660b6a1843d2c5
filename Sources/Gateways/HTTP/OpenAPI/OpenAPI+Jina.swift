// SPDX-License-Identifier: Apache-2.0
//
// Jina's rerank.

extension OpenAPI {
    static let jina = #"""
        {
          "paths": {
            "/v1/rerank": {"post": {
              "summary": "Documents by how well they answer a query", "operationId": "jinaRerank",
              "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "$ref": "#/components/schemas/JinaRerankRequest"
              }}}},
              "responses": {"200": {"description": "The best first", "content": {"application/json": {"schema": {
                "$ref": "#/components/schemas/JinaRanking"
              }}}}}
            }}
          },
          "schemas": {
            "JinaRerankRequest": {
              "type": "object", "required": ["query", "documents"],
              "properties": {
                "model": {"$ref": "#/components/schemas/Model"},
                "query": {"type": "string"},
                "documents": {"$ref": "#/components/schemas/Documents"},
                "top_n": {"type": "integer", "minimum": 1},
                "return_documents": {"type": "boolean", "default": false},
                "lane": {"$ref": "#/components/schemas/Lane"}
              }
            },
            "JinaRanking": {
              "type": "object", "required": ["model", "object", "usage", "results", "id", "meta"],
              "properties": {
                "model": {"type": "string"}, "object": {"const": "list"}, "id": {"type": "string"},
                "usage": {
                  "type": "object", "required": ["total_tokens"],
                  "properties": {"total_tokens": {"type": "integer"}, "prompt_tokens": {"type": "integer"}}
                },
                "results": {"type": "array", "items": {
                  "type": "object", "required": ["index", "relevance_score"],
                  "properties": {
                    "index": {"type": "integer"}, "relevance_score": {"type": "number", "minimum": 0, "maximum": 1},
                    "document": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
                  }
                }},
                "meta": {"$ref": "#/components/schemas/CohereMeta"},
                "truncated": {"$ref": "#/components/schemas/Truncated"},
                "notice": {"type": "string"}
              }
            },
            "JinaError": {
              "type": "object", "required": ["detail"],
              "properties": {"detail": {"type": "string"}, "message": {"type": "string"}}
            }
          }
        }
        """#
}
