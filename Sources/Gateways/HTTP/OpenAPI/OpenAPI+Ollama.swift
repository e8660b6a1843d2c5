// SPDX-License-Identifier: Apache-2.0
//
// Ollama's embeddings and models.

extension OpenAPI {
    static let ollama = #"""
        {
          "paths": {
            "/api/embed": {"post": {
              "summary": "Vectors of texts; without a text the model is loaded, or let go of", "operationId": "ollamaEmbed",
              "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "type": "object",
                "properties": {
                  "model": {"$ref": "#/components/schemas/Model"},
                  "input": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
                  "truncate": {"type": "boolean", "default": true},
                  "dimensions": {"type": "integer", "minimum": 1},
                  "keep_alive": {"$ref": "#/components/schemas/OllamaKeepAlive"},
                  "options": {"type": "object", "description": "Passed over."},
                  "input_type": {"$ref": "#/components/schemas/InputType"},
                  "lane": {"$ref": "#/components/schemas/Lane"},
                  "expect_space": {"$ref": "#/components/schemas/SpaceID"}
                }
              }}}},
              "responses": {"200": {"description": "A vector for each text; durations in nanoseconds", "content": {"application/json": {"schema": {
                "type": "object", "required": ["model", "embeddings"],
                "properties": {
                  "model": {"type": "string"},
                  "embeddings": {"type": "array", "items": {"$ref": "#/components/schemas/Vector"}},
                  "total_duration": {"type": "integer"}, "load_duration": {"type": "integer"},
                  "prompt_eval_count": {"type": "integer"},
                  "space_id": {"$ref": "#/components/schemas/SpaceID"},
                  "truncated": {"$ref": "#/components/schemas/Truncated"}
                }
              }}}}}
            }},
            "/api/embeddings": {"post": {
              "summary": "The vector of one text, as older clients ask for it", "operationId": "ollamaEmbeddings",
              "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "type": "object",
                "properties": {
                  "model": {"$ref": "#/components/schemas/Model"},
                  "prompt": {"type": "string"},
                  "keep_alive": {"$ref": "#/components/schemas/OllamaKeepAlive"},
                  "options": {"type": "object", "description": "Passed over."}
                }
              }}}},
              "responses": {"200": {"description": "It", "content": {"application/json": {"schema": {
                "type": "object", "required": ["embedding"], "properties": {"embedding": {"$ref": "#/components/schemas/Vector"}}
              }}}}}
            }},
            "/api/tags": {"get": {
              "summary": "The installed models", "operationId": "ollamaTags",
              "responses": {"200": {"description": "All of them", "content": {"application/json": {"schema": {
                "type": "object", "required": ["models"],
                "properties": {"models": {"type": "array", "items": {"$ref": "#/components/schemas/OllamaModel"}}}
              }}}}}
            }},
            "/api/ps": {"get": {
              "summary": "The models in memory", "operationId": "ollamaProcesses",
              "responses": {"200": {"description": "All of them", "content": {"application/json": {"schema": {
                "type": "object", "required": ["models"],
                "properties": {"models": {"type": "array", "items": {
                  "allOf": [{"$ref": "#/components/schemas/OllamaModel"}], "required": ["expires_at", "size_vram"],
                  "properties": {
                    "expires_at": {"type": "string", "format": "date-time"}, "size_vram": {"type": "integer"},
                    "context_length": {"type": "integer"}
                  }
                }}}
              }}}}}
            }},
            "/api/show": {"post": {
              "summary": "What is known of a model", "operationId": "ollamaShow",
              "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OllamaName"}}}},
              "responses": {"200": {"description": "Facts", "content": {"application/json": {"schema": {
                "type": "object", "required": ["details", "model_info", "capabilities"],
                "properties": {
                  "modelfile": {"type": "string"}, "parameters": {"type": "string"}, "template": {"type": "string"},
                  "details": {"type": "object"}, "model_info": {"type": "object"},
                  "capabilities": {"type": "array", "items": {"type": "string"}},
                  "modified_at": {"type": "string", "format": "date-time"}
                }
              }}}}}
            }},
            "/api/pull": {"post": {
              "summary": "Installs a model; says how far it has come, a JSON object per line", "operationId": "ollamaPull",
              "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "type": "object", "required": ["model"],
                "properties": {"model": {"type": "string", "minLength": 1}, "stream": {"type": "boolean", "default": true}, "insecure": {"type": "boolean"}}
              }}}},
              "responses": {"200": {"description": "The last line is success, or an error", "content": {
                "application/x-ndjson": {"schema": {"type": "string"}},
                "application/json": {"schema": {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}}}
              }}}
            }},
            "/api/delete": {"delete": {
              "summary": "Removes an installed model", "operationId": "ollamaDelete",
              "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OllamaName"}}}},
              "responses": {"200": {"description": "It is gone"}}
            }},
            "/api/version": {"get": {
              "summary": "The version of Hearth", "operationId": "ollamaVersion",
              "responses": {"200": {"description": "It", "content": {"application/json": {"schema": {
                "type": "object", "required": ["version"], "properties": {"version": {"type": "string"}}
              }}}}}
            }}
          },
          "schemas": {
            "OllamaKeepAlive": {
              "description": "How long the model stays: seconds, or a duration like \"5m\"; 0 for not at all, negative for as long as there is room.",
              "anyOf": [{"type": "number"}, {"type": "string", "pattern": "^-?[0-9]{1,9}(ns|us|ms|s|m|h)?$"}]
            },
            "OllamaName": {
              "type": "object", "required": ["model"],
              "properties": {"model": {"type": "string", "minLength": 1}, "name": {"type": "string"}}
            },
            "OllamaModel": {
              "type": "object", "required": ["name", "model", "size", "digest", "details"],
              "properties": {
                "name": {"type": "string"}, "model": {"type": "string"},
                "modified_at": {"type": "string", "format": "date-time"}, "size": {"type": "integer"},
                "digest": {"type": "string"}, "details": {"type": "object"}
              }
            },
            "OllamaError": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
          }
        }
        """#
}
