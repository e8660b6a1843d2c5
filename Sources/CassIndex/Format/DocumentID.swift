// SPDX-License-Identifier: Apache-2.0
//
// How a row of an index names the message that it is about. What cass filters
// by stands in the name. Source: SemanticDocId of src/search/vector_index.rs.

/// `m|MESSAGE|CHUNK|AGENT|WORKSPACE|SOURCE|ROLE|CREATED`, and a content hash in hexadecimal behind another `|`.
struct DocumentID: Sendable, Hashable {
    var message: UInt64
    /// Long messages are not cut into several: always 0 here.
    var chunk: UInt8 = 0
    var agent: UInt32
    var workspace: UInt32
    /// CRC-32 of the source's name.
    var source: UInt32
    var role: UInt8
    /// Milliseconds since 1970.
    var createdAt: Int64
    var content: ContentHash?

    static func role(_ name: String) -> UInt8 {
        switch name {
        case "assistant", "agent": 1
        case "system": 2
        case "tool": 3
        default: 0
        }
    }

    var text: String {
        let fields = "m|\(message)|\(chunk)|\(agent)|\(workspace)|\(source)|\(role)|\(createdAt)"
        return content.map { "\(fields)|\($0.hexadecimal)" } ?? fields
    }
}

extension DocumentID {
    /// Nil for a name of another kind.
    init?(_ text: String) {
        let fields = text.split(separator: "|", maxSplits: 8, omittingEmptySubsequences: false)
        guard fields.count >= 8, fields[0] == "m", let message = UInt64(fields[1]), let chunk = UInt8(fields[2]),
            let agent = UInt32(fields[3]), let workspace = UInt32(fields[4]), let source = UInt32(fields[5]),
            let role = UInt8(fields[6]), let createdAt = Int64(fields[7])
        else { return nil }
        self.init(
            message: message, chunk: chunk, agent: agent, workspace: workspace, source: source, role: role,
            createdAt: createdAt, content: fields.count > 8 ? ContentHash(hexadecimal: fields[8]) : nil)
    }
}
