// SPDX-License-Identifier: Apache-2.0
//
// Aligned columns, on terminals and elsewhere.

import Terminal
import Testing

struct TableTests {
    private let plain = Console(isInteractive: false, hasColor: false)

    @Test func columnsAreAligned() {
        var table = Table([.init("NAME"), .init("SIZE", .right), .init("STATE")])
        table.append(["all-minilm-l6-v2", "90.9 MB", "installed"])
        table.append(["x", "1 B"])
        #expect(
            table.rendered(for: plain) == """
                NAME                 SIZE  STATE
                all-minilm-l6-v2  90.9 MB  installed
                x                     1 B

                """)
    }

    @Test func wideCharactersTakeTwoColumns() {
        var table = Table([.init("A"), .init("B")])
        table.append(["検索", "x"])
        table.append(["é", "y"])
        #expect(table.rendered(for: plain) == "A     B\n検索  x\né     y\n")
    }

    @Test func controlCharactersDoNotReachTheTerminal() {
        var table = Table([.init("A")])
        table.append(["a\u{1B}[31m\nb"])
        #expect(table.rendered(for: plain) == "A\na [31m b\n")
    }

    @Test func aTerminalCutsLongLinesAndAPipeDoesNot() {
        var table = Table([.init("A"), .init("B")])
        table.append(["name", String(repeating: "x", count: 40)])
        let terminal = Console(isInteractive: true, hasColor: false, width: 20)
        #expect(table.rendered(for: terminal).hasSuffix("name  xxxxxxxxxxxxx…\n"))
        #expect(table.rendered(for: plain).hasSuffix("\(String(repeating: "x", count: 40))\n"))
    }
}
