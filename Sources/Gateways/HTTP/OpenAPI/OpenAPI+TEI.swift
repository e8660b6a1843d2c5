// SPDX-License-Identifier: Apache-2.0
//
// The API of text-embeddings-inference.

extension OpenAPI {
    static let tei = #"""
        {
          "paths": {
            "/embed": {"post": {
              "summary": "Vectors, bare", "operationId": "teiEmbed",
              "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "allOf": [{"$ref": "#/components/schemas/TEIInputs"}],
                "properties": {"normalize": {"type": "boolean", "default": true}, "dimensions": {"type": "integer", "minimum": 1}}
              }}}},
              "responses": {"200": {"description": "A vector for each input", "content": {"application/json": {"schema": {
                "type": "array", "items": {"$ref": "#/components/schemas/Vector"}
              }}}}}
            }},
            "/embed_all": {"post": {
              "summary": "A vector for every token", "operationId": "teiEmbedAll",
              "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/TEIInputs"}}}},
              "responses": {"200": {"description": "Vectors of tokens, by input", "content": {"application/json": {"schema": {
                "type": "array", "items": {"type": "array", "items": {"$ref": "#/components/schemas/Vector"}}
              }}}}}
            }},
            "/embed_sparse": {"post": {
              "summary": "Sparse vectors, which no supported model has", "operationId": "teiEmbedSparse",
              "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/TEIInputs"}}}},
              "responses": {}
            }},
            "/similarity": {"post": {
              "summary": "The cosine of each sentence to another", "operationId": "teiSimilarity",
              "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "type": "object", "required": ["inputs"],
                "properties": {
                  "inputs": {
                    "type": "object", "required": ["source_sentence", "sentences"],
                    "properties": {
                      "source_sentence": {"type": "string"},
                      "sentences": {"type": "array", "items": {"type": "string"}, "minItems": 1}
                    }
                  },
                  "parameters": {"type": "object", "properties": {
                    "truncate": {"type": "boolean"}, "prompt_name": {"type": "string"},
                    "truncation_direction": {"$ref": "#/components/schemas/TEISide"}
                  }},
                  "model": {"$ref": "#/components/schemas/Model"}
                }
              }}}},
              "responses": {"200": {"description": "Cosines", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Vector"}}}}}
            }},
            "/rerank": {"post": {
              "summary": "Texts by how well they answer a query; with 'documents' as /v1/rerank", "operationId": "teiRerank",
              "requestBody": {"required": true, "content": {"application/json": {"schema": {"anyOf": [
                {
                  "type": "object", "required": ["query", "texts"],
                  "properties": {
                    "query": {"type": "string"},
                    "texts": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                    "raw_scores": {"type": "boolean", "default": false},
                    "return_text": {"type": "boolean", "default": false},
                    "truncate": {"type": "boolean"},
                    "truncation_direction": {"$ref": "#/components/schemas/TEISide"},
                    "model": {"$ref": "#/components/schemas/Model"},
                    "lane": {"$ref": "#/components/schemas/Lane"}
                  }
                },
                {"$ref": "#/components/schemas/JinaRerankRequest"}
              ]}}}},
              "responses": {"200": {"description": "The best first", "content": {"application/json": {"schema": {"anyOf": [
                {"type": "array", "items": {
                  "type": "object", "required": ["index", "score"],
                  "properties": {"index": {"type": "integer"}, "score": {"type": "number"}, "text": {"type": "string"}}
                }},
                {"$ref": "#/components/schemas/JinaRanking"}
              ]}}}}}
            }},
            "/predict": {"post": {
              "summary": "What a classifier says of texts or pairs of texts", "operationId": "teiPredict",
              "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "type": "object", "required": ["inputs"],
                "properties": {
                  "inputs": {"anyOf": [
                    {"$ref": "#/components/schemas/TEITextOrPair"},
                    {"type": "array", "minItems": 1, "items": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2}}
                  ]},
                  "raw_scores": {"type": "boolean", "default": false},
                  "truncate": {"type": "boolean"},
                  "model": {"$ref": "#/components/schemas/Model"}
                }
              }}}},
              "responses": {"200": {"description": "Labels, the likeliest first", "content": {"application/json": {"schema": {"anyOf": [
                {"$ref": "#/components/schemas/TEIPredictions"},
                {"type": "array", "items": {"$ref": "#/components/schemas/TEIPredictions"}}
              ]}}}}}
            }},
            "/tokenize": {"post": {
              "summary": "What the tokenizer makes of texts", "operationId": "teiTokenize",
              "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "type": "object", "required": ["inputs"],
                "properties": {
                  "inputs": {"$ref": "#/components/schemas/Texts"},
                  "add_special_tokens": {"type": "boolean", "default": true},
                  "prompt_name": {"type": "string"},
                  "model": {"$ref": "#/components/schemas/Model"}
                }
              }}}},
              "responses": {"200": {"description": "Tokens, by text", "content": {"application/json": {"schema": {
                "type": "array", "items": {"type": "array", "items": {
                  "type": "object", "required": ["id", "text", "special", "start", "stop"],
                  "properties": {
                    "id": {"type": "integer"}, "text": {"type": "string"}, "special": {"type": "boolean"},
                    "start": {"type": ["integer", "null"]}, "stop": {"type": ["integer", "null"]}
                  }
                }}
              }}}}}
            }},
            "/decode": {"post": {
              "summary": "Tokens back to text", "operationId": "teiDecode",
              "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "type": "object", "required": ["ids"],
                "properties": {
                  "ids": {"anyOf": [
                    {"$ref": "#/components/schemas/TokenIDs"},
                    {"type": "array", "items": {"$ref": "#/components/schemas/TokenIDs"}, "minItems": 1}
                  ]},
                  "skip_special_tokens": {"type": "boolean", "default": true},
                  "model": {"$ref": "#/components/schemas/Model"}
                }
              }}}},
              "responses": {"200": {"description": "Texts", "content": {"application/json": {"schema": {"type": "array", "items": {"type": "string"}}}}}}
            }},
            "/info": {"get": {
              "summary": "The default model and the limits", "operationId": "teiInfo",
              "responses": {"200": {"description": "Facts", "content": {"application/json": {"schema": {
                "type": "object", "required": ["model_id", "model_dtype", "model_type", "max_input_length", "version"],
                "properties": {
                  "model_id": {"type": "string"}, "model_sha": {"type": ["string", "null"]}, "model_dtype": {"type": "string"},
                  "served_model_name": {"type": "string"}, "model_type": {"type": "object"},
                  "max_concurrent_requests": {"type": "integer"}, "max_input_length": {"type": "integer"},
                  "max_batch_tokens": {"type": "integer"}, "max_batch_requests": {"type": ["integer", "null"]},
                  "max_client_batch_size": {"type": "integer"}, "auto_truncate": {"type": "boolean"},
                  "tokenization_workers": {"type": "integer"}, "version": {"type": "string"},
                  "sha": {"type": ["string", "null"]}, "docker_label": {"type": ["string", "null"]},
                  "space_id": {"type": ["string", "null"]}
                }
              }}}}}
            }},
            "/health": {"get": {
              "summary": "Whether the daemon answers", "operationId": "health",
              "responses": {"200": {"description": "It does", "content": {"application/json": {"schema": {
                "type": "object", "properties": {"status": {"type": "string"}, "pid": {"type": "integer"}}
              }}}}}
            }},
            "/metrics": {"get": {
              "summary": "Counters for Prometheus", "operationId": "metrics",
              "responses": {"200": {"description": "Text exposition format", "content": {"text/plain": {"schema": {"type": "string"}}}}}
            }}
          },
          "schemas": {
            "TEISide": {"enum": ["Left", "left", "Right", "right"]},
            "TEIInputs": {
              "type": "object", "required": ["inputs"],
              "properties": {
                "inputs": {"anyOf": [
                  {"$ref": "#/components/schemas/Texts"},
                  {"$ref": "#/components/schemas/TokenIDs"},
                  {"type": "array", "items": {"$ref": "#/components/schemas/TokenIDs"}, "minItems": 1}
                ]},
                "truncate": {"type": "boolean", "default": true},
                "truncation_direction": {"$ref": "#/components/schemas/TEISide"},
                "prompt_name": {"type": "string"},
                "model": {"$ref": "#/components/schemas/Model"},
                "input_type": {"$ref": "#/components/schemas/InputType"},
                "lane": {"$ref": "#/components/schemas/Lane"},
                "expect_space": {"$ref": "#/components/schemas/SpaceID"}
              }
            },
            "TEITextOrPair": {"anyOf": [
              {"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2}
            ]},
            "TEIPredictions": {"type": "array", "items": {
              "type": "object", "required": ["score", "label"],
              "properties": {"score": {"type": "number"}, "label": {"type": "string"}}
            }},
            "TEIError": {
              "type": "object", "required": ["error", "error_type"],
              "properties": {
                "error": {"type": "string"},
                "error_type": {"enum": ["Unhealthy", "Backend", "Overloaded", "Validation", "Tokenizer", "Empty"]}
              }
            }
          }
        }
        """#
}
