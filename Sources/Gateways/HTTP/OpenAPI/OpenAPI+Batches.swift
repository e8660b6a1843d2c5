// SPDX-License-Identifier: Apache-2.0
//
// OpenAI's files and batches.

extension OpenAPI {
    static let batches = #"""
        {
          "paths": {
            "/v1/files": {
              "post": {
                "summary": "Keep a file of requests, one in each line", "operationId": "createFile",
                "requestBody": {"required": true, "content": {"multipart/form-data": {"schema": {
                  "type": "object", "required": ["file", "purpose"],
                  "properties": {
                    "purpose": {"const": "batch"},
                    "file": {"type": "string", "contentMediaType": "application/octet-stream"},
                    "expires_after[anchor]": {"const": "created_at"},
                    "expires_after[seconds]": {"type": "integer", "minimum": 3600, "maximum": 2592000}
                  }
                }}}},
                "responses": {
                  "200": {"description": "It is on the disk", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OpenAIFile"}}}},
                  "507": {"description": "There is no room", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OpenAIError"}}}}
                }
              },
              "get": {
                "summary": "The files that are kept", "operationId": "listFiles",
                "parameters": [
                  {"name": "after", "in": "query", "schema": {"type": "string"}},
                  {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 10000}},
                  {"name": "order", "in": "query", "schema": {"enum": ["asc", "desc"], "default": "desc"}},
                  {"name": "purpose", "in": "query", "schema": {"type": "string"}}
                ],
                "responses": {"200": {"description": "Files, by age", "content": {"application/json": {"schema": {
                  "type": "object", "required": ["object", "data", "first_id", "last_id", "has_more"],
                  "properties": {
                    "object": {"const": "list"},
                    "data": {"type": "array", "items": {"$ref": "#/components/schemas/OpenAIFile"}},
                    "first_id": {"type": ["string", "null"]}, "last_id": {"type": ["string", "null"]},
                    "has_more": {"type": "boolean"}
                  }
                }}}}}
              }
            },
            "/v1/files/{id}": {
              "get": {
                "summary": "A file", "operationId": "retrieveFile",
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}}],
                "responses": {"200": {"description": "It", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OpenAIFile"}}}}}
              },
              "delete": {
                "summary": "Remove a file", "operationId": "deleteFile",
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}}],
                "responses": {"200": {"description": "It is gone", "content": {"application/json": {"schema": {
                  "type": "object", "required": ["id", "object", "deleted"],
                  "properties": {"id": {"type": "string"}, "object": {"const": "file"}, "deleted": {"const": true}}
                }}}}}
              }
            },
            "/v1/files/{id}/content": {"get": {
              "summary": "What is in a file", "operationId": "downloadFile",
              "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}}],
              "responses": {"200": {"description": "Its bytes", "content": {"application/octet-stream": {}}}}
            }},
            "/v1/batches": {
              "post": {
                "summary": "Answer the requests of a file in the background", "operationId": "createBatch",
                "requestBody": {"required": true, "content": {"application/json": {"schema": {
                  "type": "object", "required": ["input_file_id", "endpoint", "completion_window"],
                  "properties": {
                    "input_file_id": {"type": "string"},
                    "endpoint": {"const": "/v1/embeddings"},
                    "completion_window": {"const": "24h"},
                    "metadata": {"$ref": "#/components/schemas/OpenAIMetadata"},
                    "output_expires_after": {
                      "type": "object", "required": ["anchor", "seconds"],
                      "properties": {
                        "anchor": {"const": "created_at"},
                        "seconds": {"type": "integer", "minimum": 3600, "maximum": 2592000}
                      }
                    }
                  }
                }}}},
                "responses": {
                  "200": {"description": "It was taken in", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OpenAIBatch"}}}},
                  "507": {"description": "There is no room", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OpenAIError"}}}}
                }
              },
              "get": {
                "summary": "The batches that are remembered, the newest first", "operationId": "listBatches",
                "parameters": [
                  {"name": "after", "in": "query", "schema": {"type": "string"}},
                  {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}}
                ],
                "responses": {"200": {"description": "Batches", "content": {"application/json": {"schema": {
                  "type": "object", "required": ["object", "data", "first_id", "last_id", "has_more"],
                  "properties": {
                    "object": {"const": "list"},
                    "data": {"type": "array", "items": {"$ref": "#/components/schemas/OpenAIBatch"}},
                    "first_id": {"type": ["string", "null"]}, "last_id": {"type": ["string", "null"]},
                    "has_more": {"type": "boolean"}
                  }
                }}}}}
              }
            },
            "/v1/batches/{id}": {"get": {
              "summary": "A batch", "operationId": "retrieveBatch",
              "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}}],
              "responses": {"200": {"description": "It", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OpenAIBatch"}}}}}
            }},
            "/v1/batches/{id}/cancel": {"post": {
              "summary": "End a batch; what is ready becomes its results", "operationId": "cancelBatch",
              "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}}],
              "responses": {
                "200": {"description": "It is being cancelled, or was", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OpenAIBatch"}}}},
                "409": {"description": "It has ended otherwise", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OpenAIError"}}}}
              }
            }}
          },
          "schemas": {
            "OpenAIFile": {
              "type": "object",
              "required": ["id", "object", "bytes", "created_at", "expires_at", "filename", "purpose", "status", "status_details"],
              "properties": {
                "id": {"type": "string"}, "object": {"const": "file"}, "bytes": {"type": "integer"},
                "created_at": {"type": "integer"}, "expires_at": {"type": "integer"}, "filename": {"type": "string"},
                "purpose": {"enum": ["batch", "batch_output"]}, "status": {"const": "processed"},
                "status_details": {"type": "null"}
              }
            },
            "OpenAIMetadata": {
              "type": "object", "maxProperties": 16, "propertyNames": {"maxLength": 64},
              "additionalProperties": {"type": "string", "maxLength": 512}
            },
            "OpenAIBatch": {
              "type": "object",
              "required": [
                "id", "object", "endpoint", "errors", "input_file_id", "completion_window", "status", "output_file_id",
                "error_file_id", "created_at", "in_progress_at", "expires_at", "finalizing_at", "completed_at",
                "failed_at", "expired_at", "cancelling_at", "cancelled_at", "request_counts", "metadata"
              ],
              "properties": {
                "id": {"type": "string"}, "object": {"const": "batch"}, "endpoint": {"const": "/v1/embeddings"},
                "errors": {"anyOf": [{"type": "null"}, {
                  "type": "object", "required": ["object", "data"],
                  "properties": {
                    "object": {"const": "list"},
                    "data": {"type": "array", "items": {
                      "type": "object", "required": ["code", "message", "param", "line"],
                      "properties": {
                        "code": {"type": "string"}, "message": {"type": "string"},
                        "param": {"type": ["string", "null"]}, "line": {"type": ["integer", "null"]}
                      }
                    }}
                  }
                }]},
                "input_file_id": {"type": "string"}, "completion_window": {"const": "24h"},
                "status": {"enum": ["validating", "failed", "in_progress", "finalizing", "completed", "expired", "cancelling", "cancelled"]},
                "output_file_id": {"type": ["string", "null"]}, "error_file_id": {"type": ["string", "null"]},
                "created_at": {"type": "integer"}, "in_progress_at": {"type": ["integer", "null"]},
                "expires_at": {"type": "integer"}, "finalizing_at": {"type": ["integer", "null"]},
                "completed_at": {"type": ["integer", "null"]}, "failed_at": {"type": ["integer", "null"]},
                "expired_at": {"type": ["integer", "null"]}, "cancelling_at": {"type": ["integer", "null"]},
                "cancelled_at": {"type": ["integer", "null"]},
                "request_counts": {
                  "type": "object", "required": ["total", "completed", "failed"],
                  "properties": {"total": {"type": "integer"}, "completed": {"type": "integer"}, "failed": {"type": "integer"}}
                },
                "metadata": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/OpenAIMetadata"}]}
              }
            }
          }
        }
        """#
}
