// SPDX-License-Identifier: Apache-2.0
//
// The last thing that a process printed for people: programs that fail mostly
// say why with it.

struct LastLine {
    private static let kept = 512
    /// The newest bytes of the output.
    private var bytes: [UInt8] = []

    mutating func add(_ output: UnsafeRawBufferPointer) {
        bytes += output.suffix(Self.kept)
        bytes.removeFirst(max(0, bytes.count - Self.kept))
    }

    /// The line, cut where it is long; empty where nothing was printed. Lines that are meant for Hearth do not count.
    var text: String {
        for line in bytes.split(separator: UInt8(ascii: "\n")).reversed() {
            let text = String(String(decoding: line, as: UTF8.self).filter { !$0.isNewline && $0 != "\0" })
            if text.contains(where: { !$0.isWhitespace }), Notice(text) == nil {
                return text.count <= 200 ? text : String(text.prefix(199)) + "…"
            }
        }
        return ""
    }
}
