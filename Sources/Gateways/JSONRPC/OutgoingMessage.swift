// SPDX-License-Identifier: Apache-2.0
//
// A message on its way to a client, before it is lines or frames.

import NIOCore
import WireProtocol

struct OutgoingMessage: Sendable {
    let json: [UInt8]
    /// Raw bytes that follow it.
    var attachments: [Attachment] = []

    var attachedBytes: Int { attachments.reduce(0) { $0 + $1.floats.count * 4 } }
}

/// Messages as lines, each attachment behind the newline.
struct LineFrameEncoder: MessageToByteEncoder {
    func encode(data: OutgoingMessage, out: inout ByteBuffer) {
        out.reserveCapacity(data.json.count + 1 + data.attachedBytes)
        out.writeBytes(data.json)
        out.writeInteger(UInt8(ascii: "\n"))
        for attachment in data.attachments { attachment.floats.withUnsafeBytes { _ = out.writeBytes($0) } }
    }
}
