// SPDX-License-Identifier: Apache-2.0
//
// TOML documents, valid ones and others, many of them from the text of the
// specification.

import TOML
import Testing

@Suite struct TOMLTests {
    private func value(_ text: String) throws -> TOMLValue? { try TOMLTable(parsing: "x = \(text)")["x"] }

    private func failure(_ text: String) -> TOMLError? {
        do {
            _ = try TOMLTable(parsing: text)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            ("99", .integer(99)), ("+17", .integer(17)), ("-0", .integer(0)), ("1_000", .integer(1000)),
            ("0xDEAD_beef", .integer(0xDEAD_BEEF)), ("0o600", .integer(384)), ("0b1101", .integer(13)),
            ("-9223372036854775808", .integer(.min)), ("3.1415", .float(3.1415)), ("-0.01", .float(-0.01)),
            ("5e+22", .float(5e22)), ("6.626e-34", .float(6.626e-34)), ("224_617.445_991", .float(224617.445991)),
            ("-inf", .float(-.infinity)), ("true", .boolean(true)), ("false", .boolean(false)),
            ("1979-05-27T07:32:00Z", .dateTime("1979-05-27T07:32:00Z")),
            ("1979-05-27 00:32:00.999-07:00", .dateTime("1979-05-27 00:32:00.999-07:00")),
            ("1979-05-27", .dateTime("1979-05-27")), ("07:32:00", .dateTime("07:32:00")),
            ("[]", .array([])), ("[ 1, 2, # two\n 3,\n]", .array([.integer(1), .integer(2), .integer(3)])),
            ("[[1], 'a']", .array([.array([.integer(1)]), .string("a")])),
        ] as [(String, TOMLValue)])
    func values(text: String, expected: TOMLValue) throws {
        #expect(try value(text) == expected)
    }

    @Test func notANumber() throws {
        guard case .float(let number) = try value("nan") else { throw Failure() }
        #expect(number.isNaN)
    }

    @Test(
        arguments: [
            ("\"\"", ""), ("\"a \\\"b\\\" \\\\ \\t\\u00e9\\U0001F525\"", "a \"b\" \\ \té🔥"), ("'C:\\new'", "C:\\new"),
            ("\"\"\"\nRoses\nViolets\"\"\"", "Roses\nViolets"), ("\"\"\"a \\\n   \n  b\"\"\"", "a b"),
            ("\"\"\"\"two\"\" quotes\"\"\"\"\"", "\"two\"\" quotes\"\""), ("'''\r\nit's\\n'''", "it's\\n"),
            ("\"# no comment\" # a comment", "# no comment"),
        ])
    func strings(text: String, expected: String) throws {
        #expect(try value(text) == .string(expected))
    }

    @Test func everyKeyKnowsItsPlace() throws {
        let table = try TOMLTable(
            parsing: """
                # Ä comment
                title = "x"

                [server]
                  "ü" = 1
                  ports.http = 80
                  ports.'https' = 443
                [[server.host]]
                name = { first = "a", last.name = "b" }
                [[server.host]]
                """)
        #expect(table.members.map(\.place) == [TOMLPlace(line: 2, column: 1), TOMLPlace(line: 4, column: 2)])
        guard case .table(let server)? = table["server"] else { throw Failure() }
        #expect(server.members.map(\.key) == ["ü", "ports", "host"])
        #expect(server.members[0].place == TOMLPlace(line: 5, column: 3))
        guard case .table(let ports)? = server["ports"], case .array(let hosts)? = server["host"] else {
            throw Failure()
        }
        #expect(ports.members.map(\.place) == [TOMLPlace(line: 6, column: 9), TOMLPlace(line: 7, column: 9)])
        #expect(hosts.count == 2 && hosts[1] == .table(TOMLTable()))
    }

    @Test func tablesMayComeInAnyOrder() throws {
        let table = try TOMLTable(parsing: "[a.b.c]\nx = 1\n[a]\ny = 2\n[d]\ne.f = 1\n[d.e.g]\n")
        guard case .table(let a)? = table["a"] else { throw Failure() }
        #expect(a["y"] == .integer(2) && a["b"] != nil)
    }

    @Test func anEmptyTextAndAByteOrderMark() throws {
        #expect(try TOMLTable(parsing: "").members.isEmpty)
        #expect(try TOMLTable(parsing: "\u{FEFF}# nothing\r\n").members.isEmpty)
        #expect(failure("\u{FEFF}a")?.place == TOMLPlace(line: 1, column: 2))
    }

    @Test(
        arguments: [
            ("key = # unspecified", "1:7", "a value"), ("first = 1 second = 2", "1:11", "the end of the line"),
            ("= 1", "1:1", "a key"), ("a", "1:2", "'='"), ("a = b", "1:5", "\"b\""), ("a = 01", "1:5", "01"),
            ("a = 1__0", "1:5", "1__0"), ("a = 1.", "1:5", "1."), ("a = 0x", "1:5", "0x"),
            ("a = 9223372036854775808", "1:5", "9223372036854775808"), ("a = \"x", "1:7", "close the string"),
            ("a = \"\\d\"", "1:6", "escape"), ("a = \"\\ud800\"", "1:6", "escape"), ("a = 'x\n'", "1:7", "close"),
            ("a = '''x", "1:5", "no end"), ("a = \"\u{1}\"", "1:6", "control character"),
            ("# \u{7F}", "1:3", "control character"), ("a = [1 2]", "1:8", "',' or ']'"),
            ("a = [1", "1:7", "end of the file"),
            ("a = { b = 1, }", "1:14", "a key"), ("a = {\n}", "1:6", "the end of the line"),
            ("a = 1\rb", "1:6", "carriage"),
            ("a = 1\n\na = 2", "3:1", "in line 1"), ("[a]\n[b]\n[a]", "3:2", "in line 1"),
            ("a.b = 1\n[a]", "2:2", "defined already"), ("a = 1\na.b = 1", "2:1", "defined already"),
            ("[a.b]\n[a]\nb.c = 1", "3:1", "defined already"), ("a = {}\n[a.b]", "2:2", "defined already"),
            ("a = []\n[[a]]", "2:3", "defined already"), ("[a]\n[[a]]", "2:3", "defined already"),
            ("a = 1979-5-27", "1:5", "1979-5-27"), ("[a", "1:3", "']'"), ("[[a]", "1:5", "']]'"),
            ("[]", "1:2", "a key"),
        ])
    func whatIsNotTOML(text: String, place: String, message: String) throws {
        let error = try #require(failure(text))
        #expect(error.place.description == place, "\(error)")
        #expect(error.message.contains(message), "\(error)")
    }

    @Test func brokenUTF8IsFound() throws {
        var error: TOMLError?
        do throws(TOMLError) { _ = try TOMLTable(parsing: Array("a = 1\n# \u{e9} ".utf8) + [0xFF, 0x0A]) } catch let
            caught
        {
            error = caught
        }
        #expect(error?.place == TOMLPlace(line: 2, column: 5))
    }

    @Test func depthIsBounded() {
        #expect(failure("a = " + String(repeating: "[", count: 100_000))?.message.contains("deeper") == true)
    }

    /// Cut or changed at any byte, a document gives a value or an error, never a trap.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func damagedTextsDoNotTrap(seed: UInt64) {
        var random = seed &* 0x9E37_79B9_7F4A_7C15
        func next(_ bound: Int) -> Int {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(random >> 33) % bound
        }
        var text = Array(
            "[a.\"b\"]\nx = '''\n'''\ny = [1.5e3, {z = \"\\u00e9\"}]\n[[c]]\nd = 1979-05-27 07:32:00Z\n".utf8)
        for _ in 0..<3 { text[next(text.count)] = UInt8(next(256)) }
        text.removeLast(next(text.count))
        _ = try? TOMLTable(parsing: text)
    }

    private struct Failure: Error {}
}
