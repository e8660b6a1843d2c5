// SPDX-License-Identifier: Apache-2.0
//
// A message of cass's database, and what of it an index holds.

struct Message {
    var id: Int64
    var createdAt: Int64?
    var agent: Int64
    var workspace: Int64?
    /// Where the conversation was found; nil for this machine.
    var source: String?
    var role: String
    var content: String

    /// How an index names it, and the text whose vector stands there; nil where there is nothing to embed.
    var document: (id: DocumentID, text: String)? {
        guard let number = UInt64(exactly: id) else { return nil }
        let text = CanonicalText.of(content)
        if text.isEmpty { return nil }
        let document = DocumentID(
            message: number, agent: UInt32(clamping: agent), workspace: UInt32(clamping: workspace ?? 0),
            source: CRC32.checksum((source ?? "local").utf8), role: DocumentID.role(role),
            createdAt: createdAt ?? 0, content: ContentHash(of: text))
        return (document, text)
    }
}
