// SPDX-License-Identifier: Apache-2.0
//
// OpenAI's embeddings and models.

extension OpenAPI {
    static let openAI = #"""
        {
          "paths": {
            "/v1/embeddings": {"post": {
              "summary": "Vectors of texts or token ids", "operationId": "createEmbedding",
              "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "type": "object", "required": ["input"],
                "properties": {
                  "input": {"$ref": "#/components/schemas/TextsOrTokens"},
                  "model": {"$ref": "#/components/schemas/Model"},
                  "encoding_format": {"enum": ["float", "base64"], "default": "float"},
                  "dimensions": {"type": "integer", "minimum": 1},
                  "user": {"type": "string"},
                  "input_type": {"$ref": "#/components/schemas/InputType"},
                  "prompt_name": {"type": "string"},
                  "truncation": {"$ref": "#/components/schemas/Truncation"},
                  "lane": {"$ref": "#/components/schemas/Lane"},
                  "expect_space": {"$ref": "#/components/schemas/SpaceID"}
                }
              }}}},
              "responses": {"200": {"description": "A vector for each input, in their order", "content": {"application/json": {"schema": {
                "type": "object", "required": ["object", "data", "model", "usage", "space_id", "truncated"],
                "properties": {
                  "object": {"const": "list"},
                  "data": {"type": "array", "items": {
                    "type": "object", "required": ["object", "index", "embedding"],
                    "properties": {
                      "object": {"const": "embedding"}, "index": {"type": "integer"},
                      "embedding": {"anyOf": [
                        {"$ref": "#/components/schemas/Vector"},
                        {"type": "string", "contentEncoding": "base64", "description": "Little-endian float32."}
                      ]}
                    }
                  }},
                  "model": {"type": "string"},
                  "usage": {
                    "type": "object", "required": ["prompt_tokens", "total_tokens"],
                    "properties": {"prompt_tokens": {"type": "integer"}, "total_tokens": {"type": "integer"}}
                  },
                  "space_id": {"$ref": "#/components/schemas/SpaceID"},
                  "truncated": {"$ref": "#/components/schemas/Truncated"},
                  "notice": {"type": "string"}
                }
              }}}}}
            }},
            "/v1/models": {"get": {
              "summary": "The installed models", "operationId": "listModels",
              "responses": {"200": {"description": "All of them", "content": {"application/json": {"schema": {
                "type": "object", "required": ["object", "data"],
                "properties": {
                  "object": {"const": "list"},
                  "data": {"type": "array", "items": {"$ref": "#/components/schemas/OpenAIModel"}}
                }
              }}}}}
            }},
            "/v1/models/{model}": {"get": {
              "summary": "An installed model", "operationId": "retrieveModel",
              "parameters": [{"name": "model", "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}}],
              "responses": {"200": {"description": "It", "content": {"application/json": {"schema": {
                "$ref": "#/components/schemas/OpenAIModel"
              }}}}}
            }}
          },
          "schemas": {
            "OpenAIModel": {
              "type": "object", "required": ["id", "object", "created", "owned_by"],
              "properties": {
                "id": {"type": "string"}, "object": {"const": "model"}, "created": {"type": "integer"},
                "owned_by": {"type": "string"}
              }
            },
            "OpenAIError": {
              "type": "object", "required": ["error"],
              "properties": {"error": {
                "type": "object", "required": ["message", "type", "param", "code"],
                "properties": {
                  "message": {"type": "string"}, "type": {"type": "string"},
                  "param": {"type": ["string", "null"]}, "code": {"type": ["string", "null"]}
                }
              }}
            }
          }
        }
        """#
}
