// SPDX-License-Identifier: Apache-2.0
//
// Our own reading of .gitignore files, held against git's.

import Chunking
import TestSupport
import Testing

@Suite struct IgnoreRulesTests {
    /// Each line as the only .gitignore file, with what it leaves of a fixed tree.
    @Test(arguments: [
        ("a.txt", ["b.txt", "d/b.txt", "d/e/c.md", "x y "]),
        ("/a.txt", ["b.txt", "d/a.txt", "d/b.txt", "d/e/a.txt", "d/e/c.md", "x y "]),
        ("d/", ["a.txt", "b.txt", "x y "]), ("a.txt/", nil),
        ("*.txt\n!b.txt", ["b.txt", "d/b.txt", "d/e/c.md", "x y "]),
        ("d\n!d/a.txt", ["a.txt", "b.txt", "x y "]),
        ("d/*\n!d/a.txt", ["a.txt", "b.txt", "d/a.txt", "x y "]),
        ("**/e", ["a.txt", "b.txt", "d/a.txt", "d/b.txt", "x y "]),
        ("d/**/a.txt", ["a.txt", "b.txt", "d/b.txt", "d/e/c.md", "x y "]),
        ("d/**", ["a.txt", "b.txt", "x y "]), ("[ab].txt", ["d/e/c.md", "x y "]),
        ("[!a].txt  ", ["a.txt", "d/a.txt", "d/e/a.txt", "d/e/c.md", "x y "]),
        ("x y\\ ", ["a.txt", "b.txt", "d/a.txt", "d/b.txt", "d/e/a.txt", "d/e/c.md"]), ("x y ", nil),
        ("# a.txt\r\n\r\n", nil),
        ("[[:alpha:]].m?\r\n", ["a.txt", "b.txt", "d/a.txt", "d/b.txt", "d/e/a.txt", "x y "]),
    ])
    func semantics(rules: String, expected: [String]?) throws {
        let tree = Tree()
        let all = ["a.txt", "b.txt", "d/a.txt", "d/b.txt", "d/e/a.txt", "d/e/c.md", "x y "]
        for path in all { tree.write(path) }
        tree.write(".gitignore", rules)
        let expected = expected ?? all
        #expect(try tree.walk().paths == expected)
        tree.shell("git init -q")
        #expect(try tree.walk().paths == expected, "and this is what git says")
    }

    @Test func escapedSignsAreLiteral() throws {
        let tree = Tree()
        for path in ["#a", "!a", "b"] { tree.write(path) }
        tree.write(".gitignore", "\\#a\n\\!a\n")
        #expect(try tree.walk().paths == ["b"])
    }

    /// Random rules in random folders, against `git check-ignore` on every path.
    @Test(arguments: 0..<40)
    func agreesWithGit(seed: Int) throws {
        var numbers = SeededGenerator(seed: UInt64(seed))
        let tree = Tree()
        let names = ["a", "b", "ab", "a.b", "b.c", "aab", "#a", "!b", "a b", "b-", "[a]"]
        var folders = [""]
        for _ in 0..<8 {
            let parent = folders.randomElement(using: &numbers) ?? ""
            if parent.split(separator: "/").count < 3 {
                folders.append(parent + (names.randomElement(using: &numbers) ?? "a") + "1/")
            }
        }
        var paths: Set<String> = []
        for _ in 0..<50 {
            let path = (folders.randomElement(using: &numbers) ?? "") + (names.randomElement(using: &numbers) ?? "a")
            paths.insert(path)
            tree.write(path)
        }
        for _ in 0..<3 {
            let folder = folders.randomElement(using: &numbers) ?? ""
            var rules = ""
            for _ in 0..<Int.random(in: 1...6, using: &numbers) { rules += pattern(&numbers) + "\n" }
            tree.write(folder + ".gitignore", rules)
        }
        let ours = Set(try tree.walk().paths)
        tree.write("../paths", paths.sorted().joined(separator: "\0"))
        let ignored = tree.shell(
            "git init -q ../other; git --git-dir=../other/.git --work-tree=. check-ignore --no-index -z --stdin < ../paths"
        )
        let theirs = paths.subtracting(ignored.split(separator: "\0").map(String.init))
        #expect(
            ours.symmetricDifference(theirs) == [], "\(tree.shell("find . -name .gitignore -exec tail -n +1 {} +"))")
        tree.shell("git init -q")
        let listed = try tree.walk()
        #expect(listed.report.source == .git)
        #expect(Set(listed.paths).symmetricDifference(theirs) == [])
    }

    private func pattern(_ numbers: inout SeededGenerator) -> String {
        let pieces = [
            "a", "b", "1", ".", "*", "**", "?", "/", "/", "[ab]", "[!a]", "[^b.]", "[a-c]", "\\a", "\\", "!", "#", " ",
            "-",
            "/**/", "**/", "/**", "*.", "a1", "b1", "[[:alpha:]]", "[[:punct:]]", "[", "]", "[]a]", "[]-a]", "[a\\]]",
            "1/",
        ]
        let start = ["", "", "", "!", "/", "\\!", "\\#"].randomElement(using: &numbers) ?? ""
        let body = (0..<Int.random(in: 1...4, using: &numbers)).map { _ in pieces.randomElement(using: &numbers) ?? "" }
        return start + body.joined() + (["", "", "", "/", " ", "\\ "].randomElement(using: &numbers) ?? "")
    }

    @Test func endlessPatternsDoNotExhaustTheStack() throws {
        let tree = Tree()
        tree.write("a/b")
        tree.write(".gitignore", "/" + String(repeating: "**/", count: 200_000) + "z\n")
        #expect(try tree.walk().paths == ["a/b"])
    }

    @Test func hostilePatternsEnd() throws {
        let tree = Tree()
        let long = String(repeating: "a/", count: 60) + "x"
        tree.write(long)
        tree.write("b")
        tree.write(
            ".gitignore", String(repeating: "**/a/", count: 40) + "z\n" + String(repeating: "*a", count: 500) + "\n")
        #expect(try tree.walk().paths == [long, "b"])
    }
}
