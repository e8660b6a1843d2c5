// SPDX-License-Identifier: Apache-2.0
//
// How orders and progress are written down.

internal import JSON

private func integer(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
private func string(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }

extension BatchOrder {
    var json: JSONValue {
        [
            "id": .string(id), "input_file": .string(request.inputFile), "endpoint": .string(request.endpoint),
            "window": .string(request.window),
            "metadata": request.metadata.map { metadata in
                .object(
                    JSONObject(metadata.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .string($0.value)) })
                )
            } ?? .null,
            "result_lifetime": integer(request.resultLifetime), "created_at": integer(createdAt),
            "expires_at": integer(expiresAt), "cancelling_at": integer(cancellingAt),
        ]
    }

    init?(json: JSONValue) {
        guard let id = json["id"]?.string, let file = json["input_file"]?.string,
            let endpoint = json["endpoint"]?.string, let window = json["window"]?.string,
            let lifetime = json["result_lifetime"]?.integer, let createdAt = json["created_at"]?.integer,
            let expiresAt = json["expires_at"]?.integer
        else { return nil }
        let metadata = json["metadata"]?.object.map { object in
            Dictionary(object.members.map { ($0.key, $0.value.string ?? "") }) { $1 }
        }
        self.init(
            id: id,
            request: BatchRequest(
                inputFile: file, endpoint: endpoint, window: window, metadata: metadata, resultLifetime: lifetime),
            createdAt: createdAt, expiresAt: expiresAt, cancellingAt: json["cancelling_at"]?.integer)
    }
}

extension BatchProgress {
    var json: JSONValue {
        [
            "status": .string(status.rawValue), "outcome": string(outcome?.rawValue), "total": integer(total),
            "completed": integer(completed), "failed": integer(failed),
            "problems": .array(
                problems.map {
                    [
                        "code": .string($0.code), "message": .string($0.message), "parameter": string($0.parameter),
                        "line": integer($0.line),
                    ]
                }),
            "in_progress_at": integer(inProgressAt), "finalizing_at": integer(finalizingAt),
            "ended_at": integer(endedAt), "output_file": string(outputFile), "error_file": string(errorFile),
        ]
    }

    init?(json: JSONValue) {
        guard let status = json["status"]?.string.flatMap(BatchStatus.init) else { return nil }
        self.init()
        self.status = status
        outcome = json["outcome"]?.string.flatMap(BatchStatus.init)
        total = json["total"]?.integer ?? 0
        completed = json["completed"]?.integer ?? 0
        failed = json["failed"]?.integer ?? 0
        problems = (json["problems"]?.array ?? []).map {
            BatchProblem(
                $0["code"]?.string ?? "", $0["message"]?.string ?? "", parameter: $0["parameter"]?.string,
                line: $0["line"]?.integer)
        }
        inProgressAt = json["in_progress_at"]?.integer
        finalizingAt = json["finalizing_at"]?.integer
        endedAt = json["ended_at"]?.integer
        outputFile = json["output_file"]?.string
        errorFile = json["error_file"]?.string
    }
}
