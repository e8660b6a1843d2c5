// SPDX-License-Identifier: Apache-2.0
//
// The keys of a YAML file that have more than a value on their line.

enum KeyOutline {
    static func blocks(of lines: SourceLines) -> [Block] {
        var tree = BlockTree()
        var last = 0
        for line in 0..<lines.count where !lines.isBlank(line) {
            let text = lines.trimmed(line)
            if text.first == UInt8(ascii: "#") { continue }
            // The items of a list may stand as far left as its key.
            let isItem = text.starts(with: "- ".utf8) || text.elementsEqual("-".utf8)
            tree.close(from: lines.indents[line] + (isItem ? 1 : 0), at: last)
            last = line
            if !isItem, let name = key(text) { tree.open(name, line: line, indent: lines.indents[line]) }
        }
        return tree.finish(at: last)
    }

    private static func key(_ text: ArraySlice<UInt8>) -> String? {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), colon > text.startIndex else { return nil }
        let value = text[(colon + 1)...].drop { $0 == UInt8(ascii: " ") }
        guard value.isEmpty || "|>&#!".utf8.contains(value[value.startIndex]) else { return nil }
        let name = text[..<colon].filter { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "'") }
        return name.count <= 80 ? String(decoding: name, as: UTF8.self) : nil
    }
}
