// SPDX-License-Identifier: Apache-2.0
//
// What a client reads: messages with attachments, and the results in them.

import JSON
import WireProtocol

@testable import HearthClient

extension FuzzTarget {
    /// The first byte says how the rest is cut into what one `recv` gives: messages are the same however they arrive.
    static let reply = FuzzTarget(name: "reply") {
        let result =
            #""result": {"model": "m", "space_id": "s", "dimensions": 2, "usage": {"tokens": 3}, "truncated": "#
            + #"[{"index": 0, "tokens": 9, "used": 3}], "timing": {"queue_ms": 0.5}, "notice": "n"}"#
        let attachment = #""attachments": [{"name": "embeddings", "bytes": 16, "dtype": "f32", "shape": [2, 2]}]"#
        return [
            "\u{5}{\"jsonrpc\": \"2.0\", \"id\": 1, \(result), \(attachment)}\n0123456789abcdef{\"id\": null}\n",
            "\u{2}{\"id\": 2, \"error\": {\"code\": -32001, \"message\": \"m\", \"data\": {\"kind\": \"k\", \"retryable\": true}}}\n",
            "\u{9}{\"method\": \"$/progress\", \"params\": {\"kind\": \"load\", \"message\": \"m\", \"completed\": 1}}\n",
            "\u{9}{\"id\": 3, \"result\": {\"services\": [{\"name\": \"n\", \"state\": \"ready\", \"wave\": 1, \"start_ms\": 1e300, "
                + "\"figures\": {\"threads\": 2}, \"dependencies\": [\"d\"]}], \"ready_ms\": 4}}\n",
        ].map { Array($0.utf8) }
    } run: { input in
        let stream = input.dropFirst()
        let whole = Messages([stream])
        let cut = Messages(Chunks(stream, seed: input.first ?? 0))
        check(whole == cut, "\(whole) in one piece, but \(cut) in several")
        return true
    }
}

/// What a client understands of a stream.
private struct Messages: Equatable {
    var texts: [String] = []
    var error: String?

    init(_ chunks: some Sequence<ArraySlice<UInt8>>) {
        var reader = FrameReader(maximumBytes: 1 << 16)
        do {
            for chunk in chunks {
                var rest = chunk
                while !rest.isEmpty {
                    reader.receive { room in
                        let count = min(room.count, rest.count)
                        room.copyBytes(from: rest.prefix(count))
                        rest = rest.dropFirst(count)
                        return count
                    }
                    while let frame = try reader.next() { take(frame) }
                }
            }
        } catch {
            self.error = "\(error)"
        }
    }

    private mutating func take(_ frame: Frame) {
        texts.append("\(frame.json) \(frame.attachments.map { $0.floats.map(\.bitPattern) })")
        if let error = frame.json["error"].map(WireError.init(json:)) { _ = error.encoded(id: RequestID(1)) }
        if let progress = frame.json["params"].flatMap(Progress.init(json:)) { texts.append("\(progress)") }
        guard let result = frame.json["result"] else { return }
        if let report = StartupReport(json: result) { texts.append("\(report.json)") }
        guard let embedding = try? EmbedResult(json: result, attachments: frame.attachments) else { return }
        for index in 0..<embedding.count { check(embedding.vector(index).count == embedding.dimensions, "a short row") }
        for encoding in VectorEncoding.allCases {
            let json = embedding.reply(encoding).encoded(id: RequestID(1))
            check((try? JSONValue(parsing: json)) != nil, "the result cannot be sent on")
        }
    }
}
