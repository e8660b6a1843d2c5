// SPDX-License-Identifier: Apache-2.0
//
// What comes over a socket: lines, JSON and calls.

import JSON
import NIOCore
import NIOEmbedded
import WireProtocol

@testable import LineFrames

extension FuzzTarget {
    /// A document is the same after it was written and read again, and skipping accepts what reading does.
    static let json = FuzzTarget(name: "json") {
        [
            #"{"a": [1, -0, 2.5e-3, 1E400, 9223372036854775808, true, false, null], "b\u00e9\ud83d\ude00": "\n\"\\/"}"#,
            #"[[[]], {}, "", -9223372036854775808, 0.1, "SGVsbG8="]"#, "\u{FEFF} null ",
        ].map { Array($0.utf8) }
    } run: { input in
        var skipping = JSONReader(input)
        let isSkipped: Bool
        do {
            try skipping.skipValue()
            try skipping.finish()
            isSkipped = true
        } catch {
            isSkipped = false
        }
        guard let value = try? JSONValue(parsing: input) else {
            return true
        }
        check(isSkipped, "a document can be read and not skipped")
        let again = try? JSONValue(parsing: value.encoded())
        check(again == value, "\(value) is read as \(again.map(\.description) ?? "nothing")")
        check(Base64.decode(input.withUnsafeBytes { Base64.encode($0) }) == input, "base64 is not read back")
        if let text = value.string { _ = Base64.decode(text) }
        return true
    }

    /// A call and every method's parameters; what was understood stays what it is when it is sent on.
    static let call = FuzzTarget(name: "call") {
        [
            (
                "embed",
                #"{"input": ["a", "b"], "model": "m", "input_type": "query", "dimensions": 8, "normalize": true}"#
            ),
            ("embed", #"{"input": [[1, 2], []], "truncation": "chunk_mean", "encoding": "binary", "lane": "normal"}"#),
            (
                "embed",
                #"{"input": "a", "prompt_name": "p", "deadline_ms": 5, "expect_space": "s", "allow_instant": true}"#
            ),
            (
                "rerank",
                #"{"query": "q", "documents": ["a", "b"], "top_n": 1, "raw_scores": true, "lane": "background"}"#
            ),
            ("tokenize", #"{"input": ["a"], "model": null, "progress_token": 3, "_meta": {}}"#),
            ("subscribe", #"{"topics": ["startup", "models", "jobs", "governor", "log"]}"#),
            ("models.load", #"{"model": "m", "keep_alive_s": -1, "pin": true}"#),
            ("$/progress", #"{"kind": "load", "message": "", "completed": 1, "total": 2, "eta_ms": 3}"#),
        ].map { Array(#"{"jsonrpc": "2.0", "id": 1, "method": "\#($0)", "params": \#($1)}"#.utf8) }
            + [Array(#"[{"jsonrpc": "2.0", "method": "shutdown"}, {"id": {}}, 1]"#.utf8)]
    } run: { input in
        guard let line = try? JSONValue(parsing: input) else { return false }
        for element in line.array ?? [line] {
            switch Call.read(element) {
            case .failure(let refusal): _ = refusal.error.encoded(id: refusal.id)
            case .success(let call):
                guard let json = try? JSONValue(parsing: call.encoded()), case .success(let again) = Call.read(json)
                else { fatalError("a call cannot be read again") }
                check(again.id == call.id && again.method == call.method, "a call changes")
                check(again.parameters == call.parameters, "parameters change")
                readParameters(call.parameters)
            }
        }
        return true
    }

    private static func readParameters(_ json: JSONValue) {
        func keeps<Value>(_ json: (Value) -> JSONValue, _ read: (JSONValue) throws -> Value, _ value: JSONValue) {
            guard let parameters = try? read(value) else { return }
            let written = json(parameters)
            let again = (try? read(written)).map(json)
            check(again == written, "\(value) becomes \(written), then \(again?.description ?? "nothing")")
        }
        keeps(\.json, EmbedParameters.init(json:), json)
        keeps(\.json, RerankParameters.init(json:), json)
        keeps(\.json, TokenizeParameters.init(json:), json)
        _ = try? SubscribeParameters(json: json, of: "subscribe")
        _ = try? ModelParameters(json: json, of: "models.load", allowed: ["keep_alive_s", "pin"])
        if let progress = Progress(json: json) { _ = progress.notification(token: 1).encoded() }
    }

    /// The first byte says how the rest is cut: lines are the same however they arrive, and none that is longer than
    /// the limit is kept.
    static let lines = FuzzTarget(name: "lines") {
        ["\u{1}{}\n{}\r\n\n\r\n", "\u{3}0123456789abcdef\n0123456789abcdefg\nx", "\u{7}\n\n\n0123456789abcdefghijklmn"]
            .map { Array($0.utf8) }
    } run: { input in
        let limit = 16
        let stream = input.dropFirst()
        var expected: [Frame] = []
        for line in stream.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if line.count > limit {
                expected.append(.tooLong(limit: limit))
            } else if !line.isEmpty, !line.elementsEqual([UInt8(ascii: "\r")]) {
                expected.append(.line(Array(line)))
            }
        }
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(BoundedLines(limit: limit)))
        for chunk in Chunks(stream, seed: input.first ?? 0) {
            do { try channel.writeInbound(ByteBuffer(bytes: chunk)) } catch { fatalError("\(error)") }
        }
        var frames: [Frame] = []
        do {
            _ = try channel.finish()
            while let frame = try channel.readInbound(as: Frame.self) { frames.append(frame) }
        } catch { fatalError("\(error)") }
        check(frames == expected, "\(frames) instead of \(expected)")
        return true
    }
}

/// The decoder, watched: between two chunks it holds no more than the limit.
private struct BoundedLines: ByteToMessageDecoder {
    typealias InboundOut = Frame
    private var decoder: LineFrameDecoder

    init(limit: Int) { decoder = LineFrameDecoder(limit: limit) }

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) -> DecodingState {
        let state = decoder.decode(context: context, buffer: &buffer)
        if state == .needMoreData { check(buffer.readableBytes <= decoder.limit, "\(buffer.readableBytes) bytes kept") }
        return state
    }

    mutating func decodeLast(
        context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
    ) -> DecodingState {
        decoder.decodeLast(context: context, buffer: &buffer, seenEOF: seenEOF)
    }
}

/// Bytes in pieces of many sizes.
struct Chunks: Sequence, IteratorProtocol {
    private var rest: ArraySlice<UInt8>
    private var state: UInt32

    init(_ bytes: ArraySlice<UInt8>, seed: UInt8) {
        rest = bytes
        state = UInt32(seed) &* 2_654_435_761 | 1
    }

    mutating func next() -> ArraySlice<UInt8>? {
        if rest.isEmpty { return nil }
        state = state &* 1_664_525 &+ 1_013_904_223
        let chunk = rest.prefix(1 + Int(state >> 24) % (state & 1 << 20 == 0 ? 4 : 64))
        rest = rest.dropFirst(chunk.count)
        return chunk
    }
}
