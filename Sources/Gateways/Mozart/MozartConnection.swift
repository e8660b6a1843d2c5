// SPDX-License-Identifier: Apache-2.0
//
// One connection of a mozart client: many requests, one after another.

public import NIOCore

public final class MozartConnection: ClientConnection {
    /// Upstream drops whoever sends a longer line.
    private static let maximumLineLength = 1 << 20

    private let conversation: Conversation<Frame>
    private let frontEnd: MozartFrontEnd

    /// Call on the channel's event loop, before it becomes active.
    public init(channel: any Channel, _ frontEnd: MozartFrontEnd) throws {
        try channel.pipeline.syncOperations.addHandler(
            ByteToMessageHandler(LineFrameDecoder(limit: Self.maximumLineLength, emitsBlankLines: true)))
        conversation = try Conversation(channel)
        self.frontEnd = frontEnd
    }

    public func serve() async {
        await conversation.hold { [self] frames in
            for try await frame in frames {
                guard case .line(let line) = frame else { return }
                guard let (answer, stops) = await frontEnd.answer(line) else { continue }
                if !answer.isEmpty { try await conversation.send(answer) }
                if stops { frontEnd.end() }
            }
        }
    }
}
