// SPDX-License-Identifier: Apache-2.0
//
// A collector of OpenTelemetry that writes down what it is sent, and answers as
// it is told.

import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

final class Collector: Sendable {
    struct Request: Sendable {
        let method: HTTPMethod
        let path: String
        let headers: HTTPHeaders
        let body: JSONValue

        var spans: [JSONValue] {
            (body["resourceSpans"]?.array ?? []).flatMap { resource in
                (resource["scopeSpans"]?.array ?? []).flatMap { $0["spans"]?.array ?? [] }
            }
        }
    }

    struct Answer: Sendable {
        var status = HTTPResponseStatus.ok
        var headers: HTTPHeaders = [:]
        var body = "{}"

        static let ok = Answer()
        static func status(_ code: Int, _ headers: HTTPHeaders = [:]) -> Answer {
            Answer(status: HTTPResponseStatus(statusCode: code), headers: headers)
        }
    }

    private let channel: any Channel
    private let requests: AsyncStream<Request>
    let port: Int

    /// - Parameter answers: one for each request, in their order; nil for none at all. The last one stays.
    init(_ answers: [Answer?] = [.ok]) async throws {
        let (requests, found) = AsyncStream.makeStream(of: Request.self)
        self.requests = requests
        let left = Mutex(answers)
        let answer: @Sendable () -> Answer? = {
            left.withLock { $0.count > 1 ? $0.removeFirst() : $0.first ?? nil }
        }
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(found: { found.yield($0) }, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    deinit { channel.close(promise: nil) }

    var url: String { "http://127.0.0.1:\(port)" }

    /// The next requests, as they come.
    func take(_ count: Int) async -> [Request] {
        var taken: [Request] = []
        if count == 0 { return taken }
        for await request in requests {
            taken.append(request)
            if taken.count == count { break }
        }
        return taken
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let found: @Sendable (Request) -> Void
        private let answer: @Sendable () -> Answer?
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(found: @escaping @Sendable (Request) -> Void, answer: @escaping @Sendable () -> Answer?) {
            self.found = found
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch Self.unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body(let bytes): body += bytes.readableBytesView
            case .end:
                guard let head else { return }
                let json = (try? JSONValue(parsing: body)) ?? .null
                found(Request(method: head.method, path: head.uri, headers: head.headers, body: json))
                guard let answer = answer() else { return }
                var headers = answer.headers
                headers.add(name: "content-length", value: "\(answer.body.utf8.count)")
                let reply = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
                context.write(Self.wrapOutboundOut(.head(reply)), promise: nil)
                let bytes = ByteBuffer(string: answer.body)
                context.write(Self.wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
                context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
