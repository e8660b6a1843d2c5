// SPDX-License-Identifier: Apache-2.0
//
// Frames of cass's protocol byte for byte as rmp-serde writes them, and as
// leniently read.

import Testing

@testable import Gateways

@Suite struct CassFrameTests {
    private static let requests: [(hex: String, id: String, request: CassRequest)] = [
        ("000000109301a6636173732d30a64865616c7468", "cass-0", .health),
        (
            "000000279301a6636173732d3181a5456d6265649392a568656c6c6fa5776f726c64a764656661756c74c0", "cass-1",
            .embed(texts: ["hello", "world"])
        ),
        (
            "000000299301a6636173732d3181a5456d6265649391a26869b0616c6c2d4d696e694c4d2d4c362d7632cd0100", "cass-1",
            .embed(texts: ["hi"])
        ),
        (
            "000000239301a6636173732d3281a6526572616e6b93a17192a26431a26432a764656661756c74", "cass-2",
            .rerank(query: "q", documents: ["d1", "d2"])
        ),
        ("000000109301a6636173732d33a6537461747573", "cass-3", .status),
        (
            "0000002e9301a6636173732d3481b25375626d6974456d62656464696e674a6f6295a52f642e6462a22f69c3a468617368c0",
            "cass-4",
            .submitJob(
                CassJobRequest(
                    database: "/d.db", index: "/i", isTwoTier: true, fastModel: "hash", qualityModel: nil))
        ),
        (
            "000000249301a6636173732d3581b2456d62656464696e674a6f6253746174757391a52f642e6462", "cass-5",
            .jobStatus(database: "/d.db")
        ),
        (
            "000000259301a6636173732d3681b243616e63656c456d62656464696e674a6f6292a52f642e6462c0", "cass-6",
            .cancelJob(database: "/d.db", model: nil)
        ),
        ("000000129301a6636173732d37a853687574646f776e", "cass-7", .shutdown),
    ]

    @Test func recordedRequestsAreRead() throws {
        for (hex, id, request) in Self.requests {
            let bytes = bytes(hex)
            #expect(CassAnswer.length(bytes.count - 4) == Array(bytes[..<4]))
            #expect(try CassFrame(parsing: Array(bytes[4...])) == CassFrame(requestID: id, request: request))
        }
    }

    private static let responses: [(hex: String, id: String, response: CassResponse)] = [
        (
            "0000001a9301a6636173732d3081a64865616c7468947801c3ce05f5e100", "cass-0",
            .health(uptime: 120, isReady: true, memory: 100_000_000)
        ),
        (
            "000000349301a6636173732d3181a5456d626564939292ca3f000000cabf80000092ca00000000ca3e800000aa6d696e696c6d2d"
                + "3338340f",
            "cass-1",
            .embed(vectors: [0.5, -1, 0, 0.25], count: 2, dimensions: 2, model: "minilm-384", milliseconds: 15)
        ),
        (
            "000000349301a6636173732d3281a6526572616e6b9392ca3f733333ca3f000000b56d732d6d6172636f2d6d696e696c6d2d6c36"
                + "2d763208",
            "cass-2", .rerank(scores: [0.95, 0.5], model: "ms-marco-minilm-l6-v2", milliseconds: 8)
        ),
        (
            "0000006b9301a6636173732d3381a65374617475739605019195aa6d696e696c6d2d333834ac4d696e694c4d2d4c362d7632cd01"
                + "80c3009195b56d732d6d6172636f2d6d696e696c6d2d6c362d7632b66d732d6d6172636f2d4d696e694c4d2d4c2d362d76"
                + "32c0c300ce0010000007",
            "cass-3",
            .status(
                uptime: 5,
                embedders: [.init(id: "minilm-384", name: "MiniLM-L6-v2", dimensions: 384, isLoaded: true, memory: 0)],
                rerankers: [
                    .init(
                        id: "ms-marco-minilm-l6-v2", name: "ms-marco-MiniLM-L-6-v2", dimensions: nil, isLoaded: true,
                        memory: 0)
                ], memory: 1 << 20, requests: 7)
        ),
        (
            "000000379301a6636173732d3481ac4a6f625375626d697474656492a6636173732d34b7656d62656464696e67206a6f62207375"
                + "626d6974746564",
            "cass-4", .jobSubmitted(id: "cass-4")
        ),
        (
            "0000002d9301a6636173732d3581a94a6f6253746174757391919601a66d696e696c6da772756e6e696e67cd012ccc80c0",
            "cass-5",
            .jobs([CassJob(id: 1, model: "minilm", status: "running", total: 300, completed: 128)])
        ),
        ("000000169301a6636173732d3581a94a6f625374617475739190", "cass-5", .jobs([])),
        (
            "0000002c9301a6636173732d3681ac4a6f6243616e63656c6c65649201b263616e63656c6c65642031206a6f62287329",
            "cass-6", .jobsCancelled(1)
        ),
        (
            "000000299301a6636173732d3781a853687574646f776e91b46461656d6f6e207368757474696e6720646f776e", "cass-7",
            .shutdown
        ),
        (
            "000000329301a6636173732d3181a54572726f7294aa4f7665726c6f61646564b1746f6f206d616e79207265717565737473c3cd"
                + "03e8",
            "cass-1",
            .error(CassError(.overloaded, "too many requests", isRetryable: true, retryAfterMilliseconds: 1000))
        ),
    ]

    @Test func responsesAreTheRecordedOnes() {
        for (hex, id, response) in Self.responses {
            #expect(CassAnswer(requestID: id, response: response).encoded() == bytes(hex), "\(response)")
        }
    }

    @Test(arguments: [
        // The frame as a map, fields in another order, one that nobody knows.
        "83a77061796c6f6164a64865616c7468aa726571756573745f6964a178a776657273696f6e01",
        "84a776657273696f6e01aa726571756573745f6964a178a77061796c6f6164a64865616c7468a16101",
        // A unit variant by its number, and as a map to nil.
        "9301a17800", "9301a17881a64865616c7468c0", "9301a1788100c0",
        // Another version; the id as bytes; bytes behind the value.
        "93cd0400a178a64865616c7468", "9301c40178a64865616c7468", "9301a178a64865616c7468ffff",
    ])
    func healthMayComeInManyShapes(hex: String) throws {
        #expect(try CassFrame(parsing: bytes(hex)) == CassFrame(requestID: "x", request: .health))
    }

    @Test func structsMayBeMapsWithoutTheirOptions() throws {
        // {"Embed": {"texts": ["a"], "model": "m", "what": 1}}, and by number with bytes for text.
        let byName = "9301a17881a5456d62656483a5746578747391a161a56d6f64656ca16da47768617401"
        let byNumber = "9301a17881019391c40161a16dc0"
        for hex in [byName, byNumber] {
            #expect(try CassFrame(parsing: bytes(hex)).request == .embed(texts: ["a"]))
        }
    }

    @Test(arguments: [
        "", "c1", "93", "9201a178", "9401a178a64865616c7468c0", "93a101a178a64865616c7468",
        // A data variant without data, an unknown one, a number beyond the last, fields missing or too many.
        "9301a178a5456d626564", "9301a178a34e6f65", "9301a17808", "9301a17881a5456d6265649291a161a16d",
        "9301a17881a5456d6265649491a161a16dc0c0", "9301a17882a64865616c7468c0a6537461747573c0",
        // A map without a field that is no option.
        "9301a17881a5456d62656481a5746578747391a161",
        // Text that is not UTF-8.
        "9301a1ffa64865616c7468",
    ])
    func whatIsNoRequestIsRefused(hex: String) {
        #expect(throws: MessagePackError.self) { try CassFrame(parsing: bytes(hex)) }
    }

    @Test func theBeginningOfALongAnswerIsKnownBeforeItsEnd() throws {
        let vectors = (0..<768).map { Float($0) }
        let response = CassResponse.embed(
            vectors: vectors, count: 2, dimensions: 384, model: "minilm-384", milliseconds: 70_000)
        let expected = CassDribble.Expected(variant: "Embed", count: 2, dimensions: 384, model: "minilm-384")
        let dribble = try #require(CassDribble(expected, requestID: "cass-1"))
        let rest = try #require(dribble.rest(of: response))
        let frame = dribble.head + rest
        #expect(CassAnswer.length(frame.count - 4) == Array(frame[..<4]))
        let value = try MessagePackReader.read(Array(frame[4...]))
        let usual = try #require(CassAnswer(requestID: "cass-1", response: response).encoded())
        #expect(try MessagePackReader.read(Array(usual[4...])) == value)
        // An error has another length.
        #expect(dribble.rest(of: .error(CassError(.internal, ""))) == nil)
        // What the client would not read is not begun.
        #expect(CassDribble(.init(variant: "Embed", count: 6000, dimensions: 384, model: "m"), requestID: "") == nil)
    }
}

/// The bytes of hexadecimal digits.
func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8).map { UInt8($0 < 0x40 ? $0 - 0x30 : $0 - 0x57) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}
