// SPDX-License-Identifier: Apache-2.0
//
// Conversations of cass's client: one connection, request after request.

import Foundation
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Gateways

@Suite struct CassTests {
    private func withCass(
        _ daemon: TestDaemon, jobs: any CassJobs = RecordedJobs(), heartbeat: Duration = .seconds(15),
        stop: @escaping @Sendable () -> Void = {}, _ body: (Place) async throws -> Void
    ) async throws {
        let frontEnd = CassFrontEnd(daemon, jobs: jobs, memory: { 1000 }, stop: stop)
        try await serving(
            { channel, client in
                try CassConnection(channel: channel, frontEnd, client: client, heartbeat: heartbeat)
            }, body)
    }

    private static let health = "000000109301a6636173732d30a64865616c7468"
    private static let rerank = "000000239301a6636173732d3281a6526572616e6b93a17192a26431a26432a764656661756c74"
    private static let embed = "000000279301a6636173732d3181a5456d6265649392a568656c6c6fa5776f726c64a764656661756c74c0"

    @Test func aConnectionServesManyRequestsInOrder() async throws {
        try await withCass(TestDaemon()) { place in
            try await place.connect { peer in
                // Sent at once, answered one by one.
                try await peer.send(bytes(Self.health) + bytes(Self.embed) + bytes(Self.health))
                let first = try await peer.message()
                #expect(first.id == "cass-0" && first.variant == "Health")
                #expect(first.fields[1] == .integer(1) && first.fields[2] == .bool(true))
                #expect(first.fields[3] == .integer(1000))
                let second = try await peer.message()
                #expect(second.id == "cass-1" && second.variant == "Embed")
                let vectors = try #require(second.fields[0].array)
                #expect(vectors.count == 2 && vectors.allSatisfy { $0.array?.count == 384 })
                for vector in vectors {
                    let length = (vector.array ?? []).reduce(Float(0)) { sum, value in
                        if case .float(let value) = value { sum + value * value } else { .nan }
                    }
                    #expect(abs(length - 1) < 1e-4)
                }
                // "default" was asked for, and "minilm-384" is what the client must hear.
                #expect(second.fields[1] == .string("minilm-384"))
                #expect(try await peer.message().variant == "Health")
            }
        }
    }

    @Test func theDimensionsOfARequestChangeNothing() async throws {
        try await withCass(TestDaemon()) { place in
            try await place.connect { peer in
                try await peer.send(
                    bytes("000000299301a6636173732d3181a5456d6265649391a26869b0616c6c2d4d696e694c4d2d4c362d7632cd0100"))
                let answer = try await peer.message()
                #expect(answer.fields[0].array?.first?.array?.count == 384)
                #expect(answer.fields[1] == .string("minilm-384"))
            }
        }
    }

    @Test func healthIsAnsweredWhileAnotherClientsModelIsLoaded() async throws {
        let daemon = try TestDaemon(isHeld: true)
        try await withCass(daemon) { place in
            try await place.connect { busy in
                try await busy.send(bytes(Self.embed))
                try await place.connect { peer in
                    try await peer.send(bytes(Self.health))
                    let health = try await peer.message()
                    #expect(health.variant == "Health" && health.fields[2] == .bool(true))
                }
                daemon.release()
                #expect(try await busy.message().variant == "Embed")
            }
        }
    }

    @Test func scoresComeInTheOrderOfTheDocuments() async throws {
        try await withCass(TestDaemon()) { place in
            try await place.connect { peer in
                try await peer.send(bytes(Self.rerank))
                let answer = try await peer.message()
                #expect(answer.variant == "Rerank" && answer.fields[0].array?.count == 2)
                #expect(answer.fields[1] == .string("ms-marco-minilm-l6-v2"))
            }
        }
    }

    @Test func statusKnowsWhatIsLoaded() async throws {
        try await withCass(TestDaemon()) { place in
            try await place.connect { peer in
                let status = bytes("000000109301a6636173732d33a6537461747573")
                try await peer.send(status)
                let before = try #require(try await peer.message().fields[2].array?.first?.array)
                #expect(before[0] == .string("not-loaded") && before[2] == .integer(384) && before[3] == .bool(false))
                try await peer.send(bytes(Self.embed))
                _ = try await peer.message()
                try await peer.send(status)
                let after = try await peer.message()
                #expect(after.fields[2].array?.first?.array?.first == .string("minilm-384"))
                #expect(after.fields[5] == .integer(3))
                let none = try #require(after.fields[3].array?.first?.array)
                #expect(none[0] == .string("not-loaded") && none[1] == .string("none") && none[3] == .bool(false))
                try await peer.send(bytes(Self.rerank) + status)
                _ = try await peer.message()
                let reranker = try #require(try await peer.message().fields[3].array?.first?.array)
                #expect(reranker[0] == .string("ms-marco-minilm-l6-v2"))
                #expect(reranker[1] == .string("ms-marco-MiniLM-L-6-v2") && reranker[2] == .null)
                #expect(reranker[3] == .bool(true))
            }
        }
    }

    @Test func aModelThatIsNotInstalledMakesItNotReady() async throws {
        try await withCass(TestDaemon(isInstalled: false)) { place in
            try await place.connect { peer in
                try await peer.send(bytes(Self.health))
                #expect(try await peer.message().fields[2] == .bool(false))
                try await peer.send(bytes(Self.embed) + bytes(Self.rerank))
                for _ in 0..<2 {
                    let error = try await peer.message()
                    #expect(error.variant == "Error" && error.fields[0] == .string("ModelLoadFailed"))
                    #expect(error.fields[2] == .bool(true) && error.fields[3] == .integer(1000))
                }
            }
        }
    }

    @Test func framesThatAreNoneAreAnsweredAndTheConnectionGoesOn() async throws {
        try await withCass(TestDaemon()) { place in
            try await place.connect { peer in
                for noise in ["00000000", "00000001c1", "00000003920178", "000000049301a178"] {
                    try await peer.send(bytes(noise))
                    let error = try await peer.message()
                    #expect(error.id == "error" && error.variant == "Error")
                    #expect(error.fields[0] == .string("InvalidInput"))
                    #expect(error.fields[1].string?.hasPrefix("decode error: ") == true)
                    #expect(error.fields[2] == .bool(false) && error.fields[3] == .null)
                }
                try await peer.send(bytes(Self.health))
                #expect(try await peer.message().variant == "Health")
            }
        }
    }

    @Test func aFrameBeyondTheLimitEndsTheConnectionSilently() async throws {
        try await withCass(TestDaemon()) { place in
            let rest = try await place.exchange(bytes("00a00001") + [UInt8](repeating: 0, count: 100))
            #expect(rest.isEmpty)
            let none = try await place.exchange(bytes("ffffffff"))
            #expect(none.isEmpty)
        }
    }

    @Test func answersThatTheClientWouldNotReadAreRefused() async throws {
        try await withCass(TestDaemon()) { place in
            try await place.connect { peer in
                var writer = MessagePackWriter()
                writer.array(3)
                writer.integer(1)
                writer.string("x")
                writer.map(1)
                writer.string("Embed")
                writer.array(3)
                writer.array(6000)
                for _ in 0..<6000 { writer.string("a") }
                writer.string("default")
                writer.null()
                try await peer.send(CassAnswer.length(writer.bytes.count) + writer.bytes)
                let error = try await peer.message()
                #expect(error.id == "x" && error.fields[0] == .string("InvalidInput"))
            }
        }
    }

    @Test func aLongEmbedDribblesItsBeginning() async throws {
        let daemon = try TestDaemon(isHeld: true)
        try await withCass(daemon, heartbeat: .milliseconds(1)) { place in
            try await place.connect { peer in
                try await peer.send(bytes(Self.embed))
                // The length comes while nothing is computed yet.
                let start = try await peer.receive(6)
                daemon.release()
                let length = Int(start[0]) << 24 | Int(start[1]) << 16 | Int(start[2]) << 8 | Int(start[3])
                let payload = Array(start[4...]) + (try await peer.receive(length - 2))
                #expect(payload.count == length)
                let answer = try Message(payload)
                #expect(answer.variant == "Embed" && answer.fields[0].array?.count == 2)
                try await peer.send(bytes(Self.health))
                #expect(try await peer.message().variant == "Health")
            }
        }
    }

    @Test func anAnswerThatHasBegunAndCannotEndClosesTheConnection() async throws {
        let daemon = try TestDaemon(isInstalled: false, isHeld: true)
        try await withCass(daemon, heartbeat: .milliseconds(1)) { place in
            try await place.connect { peer in
                try await peer.send(bytes(Self.embed))
                #expect(try await peer.receive(4).count == 4)
                daemon.release()
                let rest = try await peer.rest()
                #expect(rest.count < 100)
            }
        }
    }

    @Test func shutdownIsAnsweredAndEndsThisFrontEndOnly() async throws {
        let stopped = Mutex(0)
        let daemon = try TestDaemon()
        try await withCass(daemon, stop: { stopped.withLock { $0 += 1 } }) { place in
            try await place.connect { peer in
                try await peer.send(bytes("000000129301a6636173732d37a853687574646f776e"))
                let answer = try await peer.message()
                #expect(answer.variant == "Shutdown" && answer.fields == [.string("daemon shutting down")])
                // Answered before it ends, so ask once more.
                try await peer.send(bytes(Self.health))
                _ = try await peer.message()
            }
        }
        #expect(stopped.withLock { $0 } == 1)
        #expect(!daemon.isStopping)
    }

    @Test func jobsGoToWhoeverDoesThem() async throws {
        let submit = bytes(
            "0000002e9301a6636173732d3481b25375626d6974456d62656464696e674a6f6295a52f642e6462a22f69c3a468617368c0")
        let status = bytes("000000249301a6636173732d3581b2456d62656464696e674a6f6253746174757391a52f642e6462")
        let cancel = bytes("000000259301a6636173732d3681b243616e63656c456d62656464696e674a6f6292a52f642e6462c0")
        try await withCass(TestDaemon()) { place in
            try await place.connect { peer in
                try await peer.send(submit + status + cancel)
                #expect(try await peer.message().fields == [.string("cass-4"), .string("embedding job submitted")])
                #expect(try await peer.message().fields[0].array?.first?.array?[2] == .string("pending"))
                #expect(try await peer.message().fields == [.integer(1), .string("cancelled 1 job(s)")])
            }
        }
    }

    @Test func aSubmissionIsOneOrTwoPasses() {
        var request = CassJobRequest(database: "/a \"b\"\n.db", index: "/i", isTwoTier: true)
        var passes = CassPass.passes(of: request)
        #expect(passes.map(\.model) == ["hash", "minilm"] && passes.map(\.isSemantic) == [false, true])
        #expect(passes.map { CassPass(key: $0.key) } == passes)
        request.fastModel = "fast"
        #expect(CassPass.passes(of: request)[0].model == "fast")
        request.isTwoTier = false
        passes = CassPass.passes(of: request)
        #expect(passes.map(\.model) == ["fast"] && passes[0].isSemantic)
        request.qualityModel = "good"
        #expect(CassPass.passes(of: request).map(\.model) == ["good"])
        request.fastModel = nil
        request.qualityModel = nil
        #expect(CassPass.passes(of: request).map(\.model) == ["hash"])
        for key in [nil, "", "nightly", "[", "[1,2,3,4,5]", #"["cass","/a","/b","c"]"#] {
            #expect(CassPass(key: key) == nil)
        }
    }

    @Test func halfAFrameHoldsUpNobody() async throws {
        try await withCass(TestDaemon()) { place in
            try await place.connect { half in
                try await half.send(bytes("000000109301a663"))
                try await place.connect { peer in
                    try await peer.send(bytes(Self.health))
                    #expect(try await peer.message().variant == "Health")
                }
                half.stopSending()
                let rest = try await half.rest()
                #expect(rest.isEmpty)
            }
        }
    }

    @Test func noiseBehindHonestLengthsIsSurvived() async throws {
        try await withCass(TestDaemon()) { place in
            try await place.connect { peer in
                var random = SeededGenerator(seed: 3)
                for _ in 0..<200 {
                    let noise = (0..<Int.random(in: 0..<100, using: &random)).map { _ in
                        UInt8.random(in: 0...255, using: &random)
                    }
                    try await peer.send(CassAnswer.length(noise.count) + noise)
                    #expect(try await peer.message().variant == "Error")
                }
                try await peer.send(bytes(Self.health))
                #expect(try await peer.message().variant == "Health")
            }
        }
    }
}

private struct RecordedJobs: CassJobs {
    func submit(_ request: CassJobRequest, id: String) async throws(CassError) {}
    func jobs(of database: String) async throws(CassError) -> [CassJob] {
        [CassJob(id: 1, model: "minilm", status: "pending", total: 1, completed: 0)]
    }
    func cancel(_ database: String, model: String?) async throws(CassError) -> Int { 1 }
}

/// A response of the daemon.
private struct Message {
    let id: String
    let variant: String
    let fields: [MessagePackValue]

    init(_ payload: [UInt8]) throws {
        let frame = try #require(try MessagePackReader.read(payload).array)
        #expect(frame.count == 3 && frame[0] == .integer(1))
        id = try #require(frame[1].string)
        guard case .map(let members) = frame[2], let member = members.first, members.count == 1 else {
            throw MessagePackError("no map of one")
        }
        variant = try #require(member.key.string)
        fields = try #require(member.value.array)
    }
}

extension Peer {
    fileprivate mutating func message() async throws -> Message {
        let length = try await receive(4)
        try #require(length.count == 4)
        let count = length.reduce(0) { $0 << 8 | Int($1) }
        return try Message(try await receive(count))
    }
}
