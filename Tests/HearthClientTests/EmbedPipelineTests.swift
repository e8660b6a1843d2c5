// SPDX-License-Identifier: Apache-2.0
//
// Streams of texts: order, bounds and back-pressure.

import HearthClient
import JSON
import Synchronization
import Testing
import WireProtocol

@Suite struct EmbedPipelineTests {
    private func vectors(
        _ texts: [String], _ daemon: FakeDaemon, _ limits: EmbedPipeline.Limits
    ) throws -> (lengths: [Int], requests: [Int]) {
        var options = ClientOptions()
        options.policy = .runningDaemon
        let client = try HearthClient(environment: daemon.home.environment(), options: options)
        var pipeline = EmbedPipeline(
            client: client, parameters: EmbedParameters(input: .texts([])), limits: limits)
        var results: [EmbedResult] = []
        for text in texts {
            if let result = try pipeline.append(text) { results.append(result) }
        }
        while let result = try pipeline.next() { results.append(result) }
        let lengths = results.flatMap { result in (0..<result.count).map { Int(result.vector($0).first ?? -1) } }
        return (lengths, results.map(\.count))
    }

    @Test(arguments: [0, 1, 2, 3, 4, 7, 29, 100])
    func resultsComeInTheOrderOfTheTexts(count: Int) throws {
        // Three requests are collected where there are so many, and answered from the last to the first.
        let daemon = FakeDaemon { connection, _ in
            var waiting: [(Call, id: JSONValue)] = []
            var answered = 0
            while let next = connection.nextCall() {
                waiting.append(next)
                answered += next.0.texts.count
                if waiting.count < 3, answered < count { continue }
                connection.send(waiting.reversed().flatMap { FakeConnection.embedding($0.id, $0.0.texts) })
                waiting = []
            }
        }
        var limits = EmbedPipeline.Limits()
        limits.texts = 4
        let texts = (0..<count).map { String(repeating: "x", count: $0) }
        #expect(try vectors(texts, daemon, limits).lengths == Array(0..<count))
    }

    @Test func requestsAreBoundedInTextsAndBytes() throws {
        let daemon = FakeDaemon.answering { connection, call, id in
            connection.send(FakeConnection.embedding(id, call.texts))
        }
        var limits = EmbedPipeline.Limits()
        limits.texts = 3
        limits.bytes = 10
        let texts = ["1", "1", "1", "1", "999999999", "22", "22", "a text that is too large for a request with others"]
        #expect(try vectors(texts, daemon, limits).requests == [3, 2, 2, 1])
    }

    @Test func overloadIsWaitedOut() throws {
        let refusals = Mutex(3)
        let daemon = FakeDaemon.answering { connection, call, id in
            let refuses = refusals.withLock { count in
                count -= 1
                return count >= 0
            }
            if refuses {
                connection.refuse(id, WireError(.overloaded, "too much to do", details: ["retry_after_ms": 10]))
            } else {
                connection.send(FakeConnection.embedding(id, call.texts))
            }
        }
        var limits = EmbedPipeline.Limits()
        limits.texts = 1
        #expect(try vectors(["a", "bb", "ccc", "dddd"], daemon, limits).lengths == [1, 2, 3, 4])
    }

    @Test func overloadWithoutEndIsAnError() throws {
        let refusal = WireError(.overloaded, "too much to do", details: ["retry_after_ms": 10])
        let daemon = FakeDaemon.answering { connection, _, id in connection.refuse(id, refusal) }
        var limits = EmbedPipeline.Limits()
        limits.overloadTimeout = .milliseconds(25)
        #expect(throws: ClientError.remote(refusal)) { try vectors(["a"], daemon, limits) }
    }
}
