// SPDX-License-Identifier: Apache-2.0
//
// What `hearth find` prints: for a reader, results under their files with the
// words of the question in colour; for a program, lines as grep prints them.

import JSON
import Terminal

struct FindPrinter {
    let console: Console
    /// The indexed folder, to which the results' paths are relative.
    let root: String
    /// What the printed paths are relative to, where they are below it.
    let currentFolder: String

    /// Every file once, the one with the best result first.
    func paths(of result: JSONValue) -> String {
        var seen: Set<String> = []
        return places(result).map { path($0) }.filter { seen.insert($0).inserted }.map { $0 + "\n" }.joined()
    }

    func text(of result: JSONValue) -> String {
        places(result).map { console.isInteractive ? heading($0) + body($0) : lines($0) }
            .joined(separator: console.isInteractive ? "\n" : "")
    }

    private func places(_ result: JSONValue) -> [JSONValue] { result["results"]?.array ?? [] }

    private func path(_ place: JSONValue) -> String {
        let absolute = (root == "/" ? "" : root) + "/" + (place["path"]?.string ?? "")
        let prefix = currentFolder == "/" ? "/" : currentFolder + "/"
        return absolute.hasPrefix(prefix) ? String(absolute.dropFirst(prefix.count)) : absolute
    }

    /// "src/upload.swift:12-40  Uploader.retry"
    private func heading(_ place: JSONValue) -> String {
        let range = "\(place["start_line"]?.integer ?? 0)-\(place["end_line"]?.integer ?? 0)"
        let symbol = place["symbol"]?.string.map { "  " + console.styled($0.printable, .bold) } ?? ""
        return console.styled(path(place).printable, .cyan) + console.styled(":" + range, .dim) + symbol + "\n"
    }

    private func body(_ place: JSONValue) -> String {
        let numbered = snippet(place)
        let width = String(numbered.last?.number ?? 0).count
        return numbered.map { line in
            let number = String(repeating: " ", count: width - String(line.number).count) + "\(line.number)"
            return "  " + console.styled(number, .dim) + "  " + styled(line) + "\n"
        }.joined()
    }

    private func lines(_ place: JSONValue) -> String {
        snippet(place).map { "\(path(place).printable):\($0.number):\($0.text)\n" }.joined()
    }

    private struct Line {
        var number: Int
        var text: String
        /// Ranges of UTF-8 offsets.
        var matches: [Range<Int>]
    }

    private func snippet(_ place: JSONValue) -> [Line] {
        guard let snippet = place["snippet"], let text = snippet["text"]?.string else { return [] }
        let matches = (snippet["matches"]?.array ?? []).compactMap { match -> Range<Int>? in
            guard let start = match.array?.first?.integer, let end = match.array?.last?.integer, start < end else {
                return nil
            }
            return start..<end
        }
        var offset = 0
        var number = snippet["start_line"]?.integer ?? 1
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let range = offset..<offset + line.utf8.count
            defer {
                offset = range.upperBound + 1
                number += 1
            }
            let inside = matches.filter { range.lowerBound <= $0.lowerBound && $0.upperBound <= range.upperBound }
            return Line(
                number: number, text: String(line),
                matches: inside.map { $0.lowerBound - offset..<$0.upperBound - offset })
        }
    }

    /// The line cut to the terminal's width, with its matches in colour.
    private func styled(_ line: Line) -> String {
        let bytes = Array(line.text.utf8)
        var text = ""
        var position = 0
        var room = max(20, console.width - 10)
        func piece(_ range: Range<Int>) -> String {
            let piece = String(decoding: bytes[range], as: UTF8.self).expandingTabs.printable.truncated(toWidth: room)
            room -= piece.displayWidth
            return piece
        }
        for match in line.matches where match.lowerBound >= position && room > 1 {
            text += piece(position..<match.lowerBound)
            if room > 1 { text += console.styled(piece(match), .bold, .red) }
            position = match.upperBound
        }
        if room > 1 { text += piece(position..<bytes.count) }
        return text
    }
}

extension String {
    fileprivate var expandingTabs: String { String(flatMap { $0 == "\t" ? "    " : String($0) }) }
}
