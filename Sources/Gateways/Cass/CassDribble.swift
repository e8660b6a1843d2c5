// SPDX-License-Identifier: Apache-2.0
//
// The beginning of an answer that takes long: the client gives up when a read
// brings nothing for 30 seconds, so it gets the first bytes one at a time. They
// are known before the numbers are, and so is the length, provided that the
// time at the end is written in nine bytes whatever it is.

struct CassDribble: Sendable {
    /// Length, version, id, variant and the head of the list.
    let head: [UInt8]
    /// All bytes of the frame.
    let length: Int

    /// Nil for an answer that the client would not read.
    init?(_ expected: Expected, requestID: String) {
        var writer = MessagePackWriter()
        writer.array(3)
        writer.integer(CassAnswer.version)
        writer.string(requestID)
        writer.map(1)
        writer.string(expected.variant)
        writer.array(3)
        writer.array(expected.count)
        let start = writer.bytes
        let rowHead = expected.dimensions.map { dimensions in
            var row = MessagePackWriter()
            row.array(dimensions)
            return row.bytes.count + dimensions * 5
        }
        let tail = Self.tail(model: expected.model, milliseconds: 0)
        let payload = start.count + expected.count * (rowHead ?? 5) + tail.count
        guard payload <= CassAnswer.maximumLength else { return nil }
        head = CassAnswer.length(payload) + start
        length = 4 + payload
    }

    struct Expected: Sendable {
        let variant: String
        let count: Int
        /// Nil where the list holds single numbers.
        let dimensions: Int?
        let model: String
    }

    /// What follows the head.
    func rest(of response: CassResponse) -> [UInt8]? {
        var writer = MessagePackWriter()
        let end: [UInt8]
        switch response {
        case .embed(let vectors, let count, let dimensions, let model, let milliseconds):
            for row in 0..<count { writer.floats(vectors[(row * dimensions)..<((row + 1) * dimensions)]) }
            end = Self.tail(model: model, milliseconds: milliseconds)
        case .rerank(let scores, let model, let milliseconds):
            for score in scores { writer.float(score) }
            end = Self.tail(model: model, milliseconds: milliseconds)
        default: return nil
        }
        let rest = writer.bytes + end
        return head.count + rest.count == length ? rest : nil
    }

    private static func tail(model: String, milliseconds: Int) -> [UInt8] {
        var writer = MessagePackWriter()
        writer.string(model)
        writer.fixedWidthInteger(UInt64(milliseconds))
        return writer.bytes
    }
}
