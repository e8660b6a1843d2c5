// SPDX-License-Identifier: Apache-2.0
//
// Bars on a common scale.

import Terminal
import Testing

struct TimelineTests {
    private func console(_ width: Int, isInteractive: Bool = false, hasUnicode: Bool = true) -> Console {
        Console(isInteractive: isInteractive, hasColor: false, hasUnicode: hasUnicode, width: width)
    }

    private let rows = [
        Timeline.Row("lock", bars: [.init(start: 0, length: 25)], note: "2.50 ms"),
        Timeline.Row("models", bars: [.init(start: 25, length: 50), .init(start: 75, length: 25, .light)]),
        Timeline.Row("検索", bars: [.init(start: 99.9, length: 0.001)], note: "failed\nhere"),
        Timeline.Row("http", bars: [], note: "skipped"),
    ]

    @Test func barsShareAScale() {
        let text = Timeline(rows, to: "10 ms").rendered(for: console(40), noteWidth: 10)
        #expect(
            text == """
                        0              10 ms
                lock    █████                 2.50 ms
                models       ██████████░░░░░
                検索                       █  failed here
                http                          skipped

                """)
    }

    @Test func withoutUnicodeAndOnANarrowTerminal() {
        let text = Timeline(rows, to: "10 ms").rendered(for: console(20, isInteractive: true, hasUnicode: false))
        #expect(text.split(separator: "\n")[1] == "lock    ###        …")
        #expect(text.split(separator: "\n")[2] == "models     #####--")
    }

    @Test func nothingAndNonsenseAreDrawnToo() {
        #expect(Timeline([], to: "0 s").rendered(for: console(40)) == "  0        0 s\n")
        let odd = [Timeline.Row("x", bars: [.init(start: .nan, length: 1), .init(start: -5, length: 1)])]
        #expect(Timeline(odd, length: 10, to: "10").rendered(for: console(20)).split(separator: "\n")[1] == "x  █")
    }
}
