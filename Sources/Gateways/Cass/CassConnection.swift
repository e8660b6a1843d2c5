// SPDX-License-Identifier: Apache-2.0
//
// One connection of a cass client: many requests, strictly one after another.

public import NIOCore
public import Serving
import Synchronization

public final class CassConnection: ClientConnection {
    private let conversation: Conversation<CassBytes>
    private let frontEnd: CassFrontEnd
    private let client: ClientID
    /// Half of what a client waits for a byte.
    private let heartbeat: Duration

    /// Call on the channel's event loop, before it becomes active.
    public init(
        channel: any Channel, _ frontEnd: CassFrontEnd, client: ClientID, heartbeat: Duration = .seconds(15)
    ) throws {
        try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(CassFrameDecoder()))
        conversation = try Conversation(channel)
        self.frontEnd = frontEnd
        self.client = client
        self.heartbeat = heartbeat
    }

    public func serve() async {
        await conversation.hold { [self] messages in
            for try await message in messages {
                guard case .frame(let bytes) = message else { return }
                guard try await answer(bytes) else { return }
            }
        }
    }

    /// - Returns: whether the connection can go on.
    private func answer(_ bytes: [UInt8]) async throws -> Bool {
        let frame: CassFrame
        do throws(MessagePackError) {
            frame = try CassFrame(parsing: bytes)
        } catch {
            try await send(.error(CassError(.invalidInput, "decode error: \(error)")), "error")
            return true
        }
        guard let expected = frontEnd.expectation(of: frame.request) else {
            try await send(await frontEnd.respond(to: frame, of: client), frame.requestID)
            frontEnd.hasAnswered(frame.request)
            return true
        }
        guard let dribble = CassDribble(expected, requestID: frame.requestID) else {
            let message =
                "the answer to \(expected.count) texts would be longer than the \(CassAnswer.maximumLength) bytes that "
                + "cass reads; send fewer at a time"
            try await send(.error(CassError(.invalidInput, message)), frame.requestID)
            return true
        }
        let (response, sent) = try await respond(to: frame, dribble)
        if sent == 0 {
            try await send(response, frame.requestID)
            return true
        }
        // An answer that has begun cannot become an error any more; the client takes the end for one.
        guard let rest = dribble.rest(of: response) else { return false }
        try await conversation.send(dribble.head[sent...] + rest)
        return true
    }

    /// The response, and how many bytes of its frame were sent meanwhile.
    private func respond(to frame: CassFrame, _ dribble: CassDribble) async throws -> (CassResponse, Int) {
        let counter = Counter()
        let response = try await withThrowingTaskGroup(of: CassResponse?.self) { group in
            group.addTask { await self.frontEnd.respond(to: frame, of: self.client) }
            group.addTask {
                for byte in dribble.head {
                    try await Task.sleep(for: self.heartbeat)
                    counter.increment()
                    try await self.conversation.send([byte])
                }
                return nil
            }
            while let response = try await group.next() {
                guard let response else { continue }
                group.cancelAll()
                return response
            }
            throw CancellationError()
        }
        return (response, counter.value)
    }

    private func send(_ response: CassResponse, _ requestID: String) async throws {
        var answer = CassAnswer(requestID: requestID, response: response)
        if let bytes = answer.encoded() { return try await conversation.send(bytes) }
        answer.response = .error(CassError(.internal, "the answer is longer than cass reads"))
        try await conversation.send(answer.encoded() ?? [])
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }
    func increment() { count.withLock { $0 += 1 } }
}
