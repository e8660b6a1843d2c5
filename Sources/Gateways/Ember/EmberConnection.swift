// SPDX-License-Identifier: Apache-2.0
//
// One connection of an ember client: a request, blanks while it is computed,
// the answer, the end.

import JSON
public import NIOCore
public import Serving

public final class EmberConnection: ClientConnection {
    /// A client gives up after 5 seconds without a byte. It strips blanks before the object.
    private let heartbeat: Duration
    private static let firstLine = TimeAmount.seconds(60)

    private let conversation: Conversation<Frame>
    private let frontEnd: EmberFrontEnd
    private let client: ClientID

    /// Call on the channel's event loop, before it becomes active.
    public init(
        channel: any Channel, _ frontEnd: EmberFrontEnd, client: ClientID, maximumLineLength: Int,
        heartbeat: Duration = .seconds(2)
    ) throws {
        try channel.pipeline.syncOperations.addHandler(
            ByteToMessageHandler(LineFrameDecoder(limit: maximumLineLength, emitsBlankLines: true)))
        conversation = try Conversation(channel)
        self.frontEnd = frontEnd
        self.client = client
        self.heartbeat = heartbeat
    }

    public func serve() async {
        await conversation.hold { [self] frames in
            let timeout = conversation.expectRequest(within: Self.firstLine)
            for try await frame in frames {
                timeout.cancel()
                // What follows the first line is nobody's.
                return try await answer(frame)
            }
            timeout.cancel()
            let error = EmberError(400, "Connection closed")
            try await conversation.send(EmberReply.error(error).encoded(id: 1))
        }
    }

    private func answer(_ frame: Frame) async throws {
        let request: EmberRequest
        do throws(EmberError) {
            switch frame {
            case .line(let line): request = try EmberRequest(parsing: line)
            case .tooLong(let limit): throw EmberError(400, "Message exceeds \(limit) bytes limit")
            }
        } catch {
            return try await conversation.send(EmberReply.error(error).encoded(id: 1))
        }
        frontEnd.noteRequest()
        let reply = try await withThrowingTaskGroup(of: EmberReply?.self) { group in
            group.addTask { await self.frontEnd.reply(to: request, of: self.client) }
            group.addTask {
                while true {
                    try await Task.sleep(for: self.heartbeat)
                    try await self.conversation.send([UInt8(ascii: " ")])
                }
            }
            // The heartbeat only ends with the connection.
            let reply = try await group.next() ?? nil
            group.cancelAll()
            return reply
        }
        if let reply { try await conversation.send(reply.encoded(id: request.id)) }
    }
}
