// SPDX-License-Identifier: Apache-2.0
//
// OpenAI's batches, for embeddings
// (https://platform.openai.com/docs/api-reference/batch).

import JSON
import Jobs
import NIOHTTP1
import Threads
import WireProtocol

extension OpenAI {
    static let batchRoutes = [
        Route(.POST, "/v1/batches", .openAI, isWork: true, createBatch),
        Route(.GET, "/v1/batches", .openAI, batches),
        Route(.GET, "/v1/batches/{id}", .openAI, batch),
        Route(.POST, "/v1/batches/{id}/cancel", .openAI, cancelBatch),
    ]

    private enum Endpoint: String, CaseIterable { case embeddings = "/v1/embeddings" }
    private enum Window: String, CaseIterable { case day = "24h" }

    static func createBatch(_ call: HTTPCall) async throws -> HTTPResponse {
        let fields = try call.fields()
        let file = try fields.required("input_file_id", try fields.string("input_file_id"))
        let endpoint: Endpoint = try fields.required("endpoint", try fields.choice("endpoint"))
        let window: Window = try fields.required("completion_window", try fields.choice("completion_window"))
        let expiry = fields["output_expires_after"]
        let request = BatchRequest(
            inputFile: file, endpoint: endpoint.rawValue, window: window.rawValue, metadata: try metadata(fields),
            resultLifetime: try lifetime(
                anchor: expiry?["anchor"]?.string, seconds: expiry.map { $0["seconds"]?.integer }))
        let engine = try await call.daemon.jobs()
        do {
            let known = try await onOwnThread(named: "files") { () throws(JobsError) in try engine.files.file(file) }
            guard known.purpose == .batch else {
                throw HTTPFailure.invalid(
                    "'\(file)' is for '\(known.purpose.rawValue)', not for 'batch'", parameter: "input_file_id")
            }
            return HTTPResponse(json: json(try await engine.batches.create(request)))
        } catch let error as JobsError where error.code == .notFound {
            throw HTTPFailure.invalid(error.message, parameter: "input_file_id")
        }
    }

    /// Up to 16 pairs of texts.
    private static func metadata(_ fields: Parameters) throws -> [String: String]? {
        guard let json = fields["metadata"] else { return nil }
        let members = json.object?.members ?? []
        let isRight =
            json.object != nil && members.count <= 16
            && members.allSatisfy { $0.key.count <= 64 && ($0.value.string?.count ?? .max) <= 512 }
        guard isRight else {
            throw fields.error(
                "metadata", "up to 16 pairs of a key of up to 64 and a text of up to 512 characters", got: json)
        }
        return Dictionary(members.map { ($0.key, $0.value.string ?? "") }) { $1 }
    }

    static func batches(_ call: HTTPCall) async throws -> HTTPResponse {
        let page = try OpenAIPage(try call.request.query(), maximum: 100, default: 20)
        let batches = try await call.daemon.jobs().batches.list()
        return HTTPResponse(json: try page.json(batches.reversed(), id: \.order.id, json))
    }

    static func batch(_ call: HTTPCall) async throws -> HTTPResponse {
        HTTPResponse(json: json(try await call.daemon.jobs().batches.batch(call.parameter)))
    }

    static func cancelBatch(_ call: HTTPCall) async throws -> HTTPResponse {
        HTTPResponse(json: json(try await call.daemon.jobs().batches.cancel(call.parameter)))
    }

    private static func json(_ batch: Batch) -> JSONValue {
        let (order, progress, status) = (batch.order, batch.progress, batch.status)
        func time(_ time: Int?) -> JSONValue { time.map { .integer(Int64($0)) } ?? .null }
        func end(_ end: BatchStatus) -> JSONValue { status == end ? time(progress.endedAt) : .null }
        func text(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }
        return [
            "id": .string(order.id), "object": "batch", "endpoint": .string(order.request.endpoint),
            "errors": progress.problems.isEmpty
                ? .null : ["object": "list", "data": .array(progress.problems.map(json))],
            "input_file_id": .string(order.request.inputFile), "completion_window": .string(order.request.window),
            "status": .string(status.rawValue),
            // Named only when they are there.
            "output_file_id": status.isFinal ? text(progress.outputFile) : .null,
            "error_file_id": status.isFinal ? text(progress.errorFile) : .null,
            "created_at": time(order.createdAt), "in_progress_at": time(progress.inProgressAt),
            "expires_at": time(order.expiresAt), "finalizing_at": time(progress.finalizingAt),
            "completed_at": end(.completed), "failed_at": end(.failed), "expired_at": end(.expired),
            "cancelling_at": time(order.cancellingAt), "cancelled_at": end(.cancelled),
            "request_counts": [
                "total": .integer(Int64(progress.total)), "completed": .integer(Int64(progress.completed)),
                "failed": .integer(Int64(progress.failed)),
            ],
            "metadata": order.request.metadata.map { metadata in
                .object(
                    JSONObject(metadata.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .string($0.value)) })
                )
            } ?? .null,
        ]
    }

    private static func json(_ problem: BatchProblem) -> JSONValue {
        [
            "code": .string(problem.code), "message": .string(problem.message),
            "param": problem.parameter.map(JSONValue.string) ?? .null,
            "line": problem.line.map { .integer(Int64($0)) } ?? .null,
        ]
    }
}
