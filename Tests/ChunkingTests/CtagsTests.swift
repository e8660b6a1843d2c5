// SPDX-License-Identifier: Apache-2.0
//
// Languages whose structure ctags tells. Where it is not installed, a ctags of
// the test's own stands in for what must hold without it.

import Chunking
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct CtagsTests {
    private static let installed = Ctags(environment: ["PATH": variable("PATH") ?? "/usr/bin"])

    private static let haskell = """
        module Upload (retry) where

        import Data.List

        -- | Tries again, until the limit is reached or there is nothing left that could be sent.
        retry :: Int -> [Item] -> Maybe Item
        retry 0 _ = Nothing
        retry n items = find ready items

        -- | Whether an item can be sent now, or must wait for another one, which comes before it.
        ready :: Item -> Bool
        ready item = null (waiting item)
        """

    private static let makefile = """
        CFLAGS = -O2

        # Builds everything there is to build, in the order in which it must be built, and no more.
        all: first second
        \t$(MAKE) first
        \t$(MAKE) second

        clean:
        \trm -rf a b c d e f g h i j k l m n o p q r s t u v w x y z and all the others there are
        """

    @Test(
        .enabled(if: installed != nil),
        arguments: [
            ("a.hs", haskell, ["retry", "ready"]), ("Makefile", makefile, ["all", "clean"]),
            (
                "a.sql",
                "CREATE TABLE items (\n  id INTEGER,\n  name TEXT -- as it was given by the user who uploaded it\n);\n\nCREATE TABLE users (\n  id INTEGER,\n  name TEXT -- as it was given by the user who signed up for it\n);\n",
                ["items", "users"]
            ),
        ])
    func namesDeclarations(path: String, text: String, symbols: [String]) throws {
        let chunker = Chunker(limits: ChunkLimits(targetBytes: 64, maximumBytes: 280), ctags: Self.installed)
        let found = chunker.chunks(of: text, path: path)
        #expect(found.compactMap(\.symbol).filter { symbols.contains($0) } == symbols, "\(found)")
        for _ in 0..<20 { #expect(chunker.chunks(of: text, path: path) == found) }
    }

    /// Whatever ctags says, and however it ends, all lines are there.
    @Test(arguments: [
        "exit 1", "cat", "head -c 10; exit 0", "printf 'nonsense\\n'; cat > /dev/null",
        "read line; printf '{\"_type\": \"tag\", \"name\": \"x\", \"kind\": \"function\", \"line\": 99999}\\n{\"_type\": \"completed\"}\\n'; exit",
        "read line; printf '{\"_type\": \"tag\", \"name\": \"x\", \"kind\": \"function\", \"line\": 6, \"end\": 2}\\n{\"_type\": \"completed\"}\\n'; exit",
    ])
    func failuresLoseNothing(script: String) throws {
        let tree = Tree()
        let features = "[ \"$2\" = --list-features ] && { printf 'json x\\ninteractive x\\n'; exit; }"
        tree.write("bin/ctags", "#!/bin/sh\n\(features)\n\(script)\n")
        tree.shell("chmod +x bin/ctags")
        // Long enough for what answers; what does not answer takes this long.
        let timeout: Duration = script.contains("cat") ? .seconds(1) : .seconds(10)
        let ctags = try #require(Ctags(environment: ["PATH": tree.root + "/bin:/usr/bin:/bin"], timeout: timeout))
        let chunker = Chunker(limits: ChunkLimits(targetBytes: 64, maximumBytes: 200), ctags: ctags)
        for _ in 0..<8 {
            let chunks = chunker.chunks(of: Self.haskell, path: "a.hs")
            let lines = Set(chunks.flatMap { Array($0.lines) })
            #expect(lines.isSuperset(of: [1, 3, 5, 6, 7, 8, 10, 11, 12]))
        }
    }

    @Test func otherProgramsOfThatNameAreNotUsed() {
        let tree = Tree()
        tree.write("bin/ctags", "#!/bin/sh\necho Exuberant Ctags\n")
        tree.shell("chmod +x bin/ctags")
        #expect(Ctags(environment: ["PATH": tree.root + "/bin:/usr/bin:/bin"]) == nil)
        #expect(Ctags(environment: ["PATH": "/nowhere"]) == nil)
    }
}
