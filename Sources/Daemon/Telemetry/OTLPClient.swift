// SPDX-License-Identifier: Apache-2.0
//
// One POST to a collector, on a connection of its own.

import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import WireProtocol

/// What a collector said.
struct OTLPAnswer: Sendable {
    var status: UInt
    /// When it wants to be asked again.
    var retryAfter: Duration?
    var body: [UInt8] = []
}

struct OTLPClient: Sendable {
    private let endpoint: OTLPEndpoint
    private let group: any EventLoopGroup
    private let timeout: TimeAmount
    /// Nil without TLS.
    private let tls: NIOSSLContext?

    /// Reads the certificates that the system trusts, where the endpoint wants TLS.
    init(_ endpoint: OTLPEndpoint, on group: any EventLoopGroup, timeout: Duration) throws {
        self.endpoint = endpoint
        self.group = group
        self.timeout = TimeAmount(timeout)
        tls = endpoint.isEncrypted ? try NIOSSLContext(configuration: .makeClientConfiguration()) : nil
    }

    /// For messages.
    var collector: String { "the collector at \(endpoint.authority)" }

    /// - Throws: when there is no answer in time, and for a cancelled task.
    func post(_ body: [UInt8]) async throws -> OTLPAnswer {
        let loop = group.next()
        let answer = loop.makePromise(of: OTLPAnswer.self)
        let request = request(body)
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(timeout)
            .channelInitializer { [tls, endpoint, timeout] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: endpoint.serverName))
                    }
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(OTLPExchange(request, body, answer, timeout: timeout))
                }
            }
        let connecting =
            (try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port)).map { bootstrap.connect(to: $0) }
            ?? bootstrap.connect(host: endpoint.host, port: endpoint.port)
        connecting.whenFailure { answer.fail($0) }
        return try await withTaskCancellationHandler {
            try await answer.futureResult.get()
        } onCancel: {
            answer.fail(CancellationError())
        }
    }

    private func request(_ body: [UInt8]) -> HTTPRequestHead {
        var headers: HTTPHeaders = [
            "host": endpoint.authority, "user-agent": "hearth/\(hearthVersion)", "connection": "close",
        ]
        for (name, value) in endpoint.headers { headers.replaceOrAdd(name: name, value: value) }
        headers.replaceOrAdd(name: "content-type", value: "application/json")
        headers.replaceOrAdd(name: "content-length", value: "\(body.count)")
        return HTTPRequestHead(version: .http1_1, method: .POST, uri: endpoint.path, headers: headers)
    }
}

/// Sends the request and collects the answer; the connection ends with it, however it comes about. Lives on the
/// channel's event loop.
private final class OTLPExchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    struct Silence: Error, CustomStringConvertible {
        let description: String
    }

    /// An answer is a few words.
    private static let limit = 64 << 10

    private let request: HTTPRequestHead
    private let body: [UInt8]
    private let answer: EventLoopPromise<OTLPAnswer>
    private let timeout: TimeAmount
    private var clock: Scheduled<Void>?
    private var collected = OTLPAnswer(status: 0)

    init(_ request: HTTPRequestHead, _ body: [UInt8], _ answer: EventLoopPromise<OTLPAnswer>, timeout: TimeAmount) {
        self.request = request
        self.body = body
        self.answer = answer
        self.timeout = timeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        clock = context.eventLoop.scheduleTask(in: timeout) { [answer, timeout] in
            answer.fail(Silence(description: "no answer within \(timeout.nanoseconds / 1_000_000) ms"))
        }
        answer.futureResult.whenComplete { _ in channel.close(promise: nil) }
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(Self.wrapOutboundOut(.head(request)), promise: nil)
        context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            collected.status = head.status.code
            // A date is as good as nothing: the collector's clock may be another one.
            collected.retryAfter = head.headers.first(name: "retry-after").flatMap { UInt32($0) }
                .map { .seconds(Int64($0)) }
        case .body(let bytes):
            collected.body += bytes.readableBytesView.prefix(Self.limit - collected.body.count)
        case .end: answer.succeed(collected)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { answer.fail(error) }

    func channelInactive(context: ChannelHandlerContext) {
        clock?.cancel()
        answer.fail(Silence(description: "it hung up without an answer"))
        context.fireChannelInactive()
    }
}

extension OTLPEndpoint {
    /// What the certificate must be for; nil for the IP address that is connected to.
    fileprivate var serverName: String? {
        (try? SocketAddress(ipAddress: host, port: port)) == nil ? host : nil
    }
}
