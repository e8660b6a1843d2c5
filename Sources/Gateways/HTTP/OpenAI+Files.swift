// SPDX-License-Identifier: Apache-2.0
//
// OpenAI's files, as far as batches need them
// (https://platform.openai.com/docs/api-reference/files).

import JSON
import Jobs
import NIOHTTP1
import Synchronization
import Threads
import WireProtocol

extension OpenAI {
    static let fileRoutes = [
        Route(.POST, "/v1/files", .openAI, isWork: true, upload),
        Route(.GET, "/v1/files", .openAI, files),
        Route(.GET, "/v1/files/{id}", .openAI, file),
        Route(.GET, "/v1/files/{id}/content", .openAI, fileContent),
        Route(.DELETE, "/v1/files/{id}", .openAI, deleteFile),
    ]

    static func upload(_ call: HTTPCall) async throws -> HTTPResponse {
        let form: MultipartForm
        let (purpose, lifetime): (String?, Int)
        let part: MultipartForm.Part?
        do {
            form = try MultipartForm(call.request.body, type: call.request.headers.first(name: "content-type"))
            purpose = try form.text("purpose")
            lifetime = try self.lifetime(
                anchor: form.text("expires_after[anchor]"), seconds: form.text("expires_after[seconds]").map { Int($0) }
            )
            part = try form.part("file")
        } catch let error as MultipartForm.Malformed {
            throw HTTPFailure.invalid(error.message)
        }
        guard purpose == "batch" else {
            throw HTTPFailure.invalid(
                purpose == nil ? "'purpose' is missing; it must be 'batch'" : "'purpose' must be 'batch'",
                parameter: "purpose")
        }
        guard let part, let name = part.fileName else {
            throw HTTPFailure.invalid("'file' must be a file", parameter: "file")
        }
        let store = try await call.daemon.jobs().files
        let file = try await onOwnThread(named: "files") { () throws(JobsError) in
            try store.add(part.content, name: name, purpose: .batch, lifetime: lifetime)
        }
        return HTTPResponse(json: json(file))
    }

    static func files(_ call: HTTPCall) async throws -> HTTPResponse {
        let query = try call.request.query()
        let page = try OpenAIPage(query, maximum: 10_000, default: 10_000)
        let isAscending = try isAscending(query)
        let purpose = query["purpose"]
        let store = try await call.daemon.jobs().files
        let files = await onOwnThread(named: "files") { store.files() }
            .filter { purpose == nil || $0.purpose.rawValue == purpose }
        return HTTPResponse(json: try page.json(isAscending ? files : files.reversed(), id: \.id, json))
    }

    private static func isAscending(_ query: [String: String]) throws(HTTPFailure) -> Bool {
        switch query["order"] {
        case nil, "desc": return false
        case "asc": return true
        default: throw .invalid("'order' must be 'asc' or 'desc'", parameter: "order")
        }
    }

    static func file(_ call: HTTPCall) async throws -> HTTPResponse {
        let (store, id) = (try await call.daemon.jobs().files, call.parameter)
        return HTTPResponse(
            json: json(try await onOwnThread(named: "files") { () throws(JobsError) in try store.file(id) }))
    }

    static func deleteFile(_ call: HTTPCall) async throws -> HTTPResponse {
        let (store, id) = (try await call.daemon.jobs().files, call.parameter)
        try await onOwnThread(named: "files") { () throws(JobsError) in try store.remove(id) }
        return HTTPResponse(json: ["id": .string(id), "object": "file", "deleted": true])
    }

    static func fileContent(_ call: HTTPCall) async throws -> HTTPResponse {
        let (store, id) = (try await call.daemon.jobs().files, call.parameter)
        let content = try await onOwnThread(named: "files") { () throws(JobsError) in try store.open(id) }
        var response = HTTPResponse(type: "application/octet-stream")
        // With its length known and its end the connection's, a client sees whether it has all.
        response.headers.add(name: "content-length", value: "\(content.bytes)")
        response.headers.add(name: "connection", value: "close")
        let reading = ContentReading(content)
        response.body = .stream(AsyncStream { await reading.next() })
        return response
    }

    static func json(_ file: KeptFile) -> JSONValue {
        [
            "id": .string(file.id), "object": "file", "bytes": .integer(Int64(file.bytes)),
            "created_at": .integer(Int64(file.createdAt)), "expires_at": .integer(Int64(file.expiresAt)),
            "filename": .string(file.name), "purpose": .string(file.purpose.rawValue), "status": "processed",
            "status_details": .null,
        ]
    }

    /// `expires_after`: seconds for which a file is kept.
    /// - Parameter seconds: nil where it is not given, nil within where it is no number.
    static func lifetime(anchor: String?, seconds: Int??) throws(HTTPFailure) -> Int {
        if anchor == nil, seconds == nil { return FileStore.lifetime }
        guard anchor == "created_at" else {
            throw .invalid("'expires_after' must have the anchor 'created_at'", parameter: "expires_after")
        }
        guard case let seconds?? = seconds, (3600...FileStore.lifetime).contains(seconds) else {
            throw .invalid(
                "'expires_after' must have from 3600 to \(FileStore.lifetime) seconds", parameter: "expires_after")
        }
        return seconds
    }
}

/// Reads a file at the pace of whoever takes the pieces.
private final class ContentReading: Sendable {
    private static let piece = 1 << 18

    private let content: FileContent
    private let offset = Mutex(0)

    init(_ content: FileContent) { self.content = content }

    /// Nil at the end, and where it cannot be read on.
    func next() async -> [UInt8]? {
        let (content, start) = (content, offset.withLock { $0 })
        let piece = try? await onOwnThread(named: "files") { () throws(JobsError) in
            try content.read(from: start, limit: Self.piece)
        }
        guard let piece, !piece.isEmpty else { return nil }
        offset.withLock { $0 += piece.count }
        return piece
    }
}
