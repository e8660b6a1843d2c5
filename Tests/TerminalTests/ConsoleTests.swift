// SPDX-License-Identifier: Apache-2.0
//
// When a stream shows colours and may be redrawn.

import Terminal
import Testing

struct ConsoleTests {
    private func console(
        _ variables: [String: String], isTerminal: Bool = true, allowsColor: Bool = true
    ) -> Console {
        Console(descriptor: 2, allowsColor: allowsColor, isTerminal: { _ in isTerminal }, variable: { variables[$0] })
    }

    @Test func aTerminalShowsColor() {
        let console = console(["TERM": "xterm-256color", "LANG": "en_GB.UTF-8"])
        #expect(console.isInteractive && console.hasColor && console.hasUnicode)
        #expect(console.styled("x", .bold, .red) == "\u{1B}[1;31mx\u{1B}[0m")
    }

    @Test(arguments: [
        ["TERM": "dumb"], [:], ["TERM": "xterm", "NO_COLOR": "1"],
    ])
    func theEnvironmentForbidsColor(variables: [String: String]) {
        let console = console(variables)
        #expect(!console.hasColor)
        #expect(console.styled("x", .bold) == "x")
    }

    @Test func anEmptyNoColorIsNotSet() {
        #expect(console(["TERM": "xterm", "NO_COLOR": ""]).hasColor)
    }

    @Test func aDumbTerminalIsNotRedrawn() {
        #expect(!console(["TERM": "dumb"]).isInteractive)
        #expect(console(["TERM": "xterm", "NO_COLOR": "1"]).isInteractive)
    }

    @Test func aFlagOrAPipeForbidsColor() {
        #expect(!console(["TERM": "xterm"], allowsColor: false).hasColor)
        #expect(!console(["TERM": "xterm"], isTerminal: false).hasColor)
    }

    @Test func theFirstLocaleVariableThatIsSetCounts() {
        #expect(!console(["LC_ALL": "C", "LANG": "en_GB.UTF-8"]).hasUnicode)
        #expect(console(["LC_ALL": "", "LANG": "C.utf8"]).hasUnicode)
    }
}
