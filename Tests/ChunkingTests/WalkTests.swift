// SPDX-License-Identifier: Apache-2.0
//
// What a walk finds in a folder, with and without git, and what it leaves out.

import Chunking
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct WalkTests {
    @Test func findsFilesAndSaysWhatItLeavesOut() throws {
        let tree = Tree()
        for path in ["a.py", "d/b.md", "LICENSE", "empty/c/d/e.txt"] { tree.write(path) }
        tree.write("new\nline.txt")
        tree.write(".env")
        tree.write(".cache/a.txt")
        tree.write("package-lock.json", "{}")
        tree.write("app.min.js")
        tree.write("picture.PNG")
        tree.write("node_modules/left-pad/index.js")
        tree.write("skip.log")
        tree.write("d/secret.txt")
        tree.write(".gitignore", "*.log\n")
        tree.write(".ignore", "secret.txt")
        tree.write("big.txt", String(repeating: "x", count: 2000))
        tree.shell("mkfifo fifo; ln -s a.py link; ln -s . loop; ln -s /etc outside; touch \"$(printf 'bad\\377')\"")
        let (paths, report) = tree.walk(try tree.folder { $0.maximumFileBytes = 1000 })
        #expect(paths == ["LICENSE", "a.py", "d/b.md", "empty/c/d/e.txt", "new\nline.txt"])
        #expect(report.files == 5)
        #expect(report.bytes == 25)
        #expect(report.source == .ignoreFiles(gitFailure: nil))
        var expected: [SkipReason: Int] = [
            .hidden: 4, .generated: 2, .binary: 1, .ignored: 3, .tooLarge: 1, .special: 1, .symbolicLink: 3,
        ]
        // Some file systems refuse such names.
        if report.skipped[.invalidName] > 0 { expected[.invalidName] = 1 }
        #expect(report.skipped.counts == expected)
        #expect(report.skipped.examples[.special] == ["fifo"])
    }

    @Test func tellsSizeTimeAndInode() throws {
        let tree = Tree()
        tree.write("a", "12345")
        tree.shell("touch -d '2001-02-03 04:05:06.5 UTC' a")
        var files: [FoundFile] = []
        _ = try tree.folder().walk(environment: tree.environment) { files.append($0) }
        let file = try #require(files.first)
        #expect(file.size == 5)
        #expect(file.modified == 981_173_106_500_000_000)
        #expect("\(file.inode)\n" == tree.shell("ls -i a | cut -d' ' -f1"))
    }

    /// Nobody can keep anything from the administrator, so the test needs a user.
    @Test(.enabled(if: geteuid() != 0)) func whatCannotBeReadIsCounted() throws {
        let tree = Tree()
        for path in ["a", "d/b", "e"] { tree.write(path) }
        tree.shell("chmod 000 d e")
        let (paths, report) = try tree.walk()
        #expect(paths == ["a", "e"])
        #expect(report.skipped.counts == [.unreadable: 1] && report.unseen == ["d"])
        #expect(try tree.contents("e") == .skipped(.unreadable))
    }

    @Test func hiddenFilesOnRequest() throws {
        let tree = Tree()
        tree.write(".a/.b")
        tree.write(".git/config")
        #expect(tree.walk(try tree.folder { $0.includesHidden = true }).paths == [".a/.b"])
    }

    @Test func deepFoldersAreLeftOut() throws {
        let tree = Tree()
        tree.write("a/b/c/d.txt")
        tree.write("a/b/c.txt")
        let (paths, report) = tree.walk(try tree.folder { $0.maximumDepth = 2 })
        #expect(paths == ["a/b/c.txt"])
        #expect(report.skipped.counts == [.tooDeep: 1])
    }

    @Test func stopsWhereTheCallerThrows() throws {
        struct Enough: Error {}
        let tree = Tree()
        for name in ["a", "d/b"] { tree.write(name) }
        let folder = try tree.folder()
        #expect(throws: Enough.self) {
            _ = try folder.walk(environment: [:]) { (_) throws(Enough) in throw Enough() }
        }
    }

    @Test func refusesWhatIsNoFolder() throws {
        let tree = Tree()
        tree.write("a")
        #expect(throws: FolderError.self) { try tree.folder("missing") }
        #expect { try tree.folder("a") } throws: { ($0 as? FolderError)?.code == .notAFolder }
        #expect(throws: FolderError.self) { try Folder("/tmp\0") }
    }

    @Test func filesMayVanishWhileTheyAreFound() throws {
        let tree = Tree()
        for number in 0..<300 { tree.write("d\(number % 3)/\(number)") }
        var found = 0
        let report = try tree.folder().walk(environment: tree.environment) { _ in
            found += 1
            if found == 10 { tree.shell("rm -rf d*") }
        }
        #expect(found < 300)
        #expect(report.skipped.total == 0)
    }

    // MARK: - git

    @Test func gitSaysWhatBelongs() throws {
        let tree = Tree()
        for path in ["a.py", "tracked.log", ".github/ci.yml", ".local/x", "gone.py", "d/b.py", "d/c.log", "d/.hidden"] {
            tree.write(path)
        }
        tree.write(".ignore", "b.py\n")
        tree.shell("git init -q; git add .; git rm -q --cached .local/x d/c.log d/.hidden; rm gone.py; mkfifo fifo")
        tree.write(".gitignore", "*.log\n")
        let (paths, report) = try tree.walk()
        #expect(report.source == .git)
        #expect(paths == [".github/ci.yml", ".ignore", "a.py", "tracked.log"])
        #expect(report.skipped.counts == [.ignored: 2, .hidden: 3])
        #expect(try tree.walk("d").paths == ["b.py"], "an .ignore file above the folder is not part of it")
        #expect(try tree.walk("d").report.skipped[.ignored] == 1)
    }

    @Test func foldersThatAreLinksByNowAreNotEntered() throws {
        let tree = Tree()
        tree.write("d/passwd")
        tree.write("e/a")
        tree.shell("git init -q; git add .; rm -r d; ln -s /etc d")
        let (paths, report) = try tree.walk()
        #expect(paths == ["e/a"])
        #expect(report.skipped[.symbolicLink] >= 1)
    }

    @Test func repositoriesInsideAreSearched() throws {
        let tree = Tree()
        tree.write("inner/a.py")
        tree.write("inner/b.log")
        tree.write("inner/.gitignore", "*.log")
        tree.write("c.py")
        tree.shell("git init -q inner; git init -q")
        #expect(try tree.walk().paths == ["c.py", "inner/a.py"])
    }

    @Test func withoutGitTheIgnoreFilesAboveHoldToo() throws {
        let tree = Tree()
        for path in ["d/e/a.log", "d/e/b.py", "d/e/c.tmp", "d/e/f.txt"] { tree.write(path) }
        tree.shell("git init -q; printf '*.txt\\n' > .git/info/exclude")
        tree.write(".gitignore", "*.log\n")
        tree.write("d/.gitignore", "/e/*.tmp\n")
        var paths: [String] = []
        let report = try tree.folder("d/e").walk(environment: ["PATH": "/nowhere"]) { paths.append($0.path) }
        #expect(paths == ["b.py"])
        guard case .ignoreFiles(let failure?) = report.source else {
            Issue.record("\(report.source)")
            return
        }
        #expect(failure.hasPrefix("git could not be started"))
    }

    @Test func damagedRepositoriesAreWalked() throws {
        let tree = Tree()
        tree.write(".git", "gitdir: /nowhere")
        tree.write("a.py")
        tree.write("b.log")
        tree.write(".gitignore", "*.log\n")
        let (paths, report) = try tree.walk()
        #expect(paths == ["a.py"])
        #expect(report.source == .ignoreFiles(gitFailure: "git ended with exit status 128"))
    }

    @Test func nothingThatARepositoryNamesIsRun() throws {
        let tree = Tree()
        tree.write("a.py")
        tree.shell(
            "git init -q; printf '#!/bin/sh\\ntouch %s/../ran\\n' $PWD > ../hook; chmod +x ../hook; git config core.fsmonitor $PWD/../hook; git config core.pager $PWD/../hook"
        )
        #expect(try tree.walk().report.source == .git)
        #expect(tree.shell("ls ../ran") == "")
    }

    @Test func gitThatHangsIsEnded() throws {
        let tree = Tree()
        tree.write("a.py")
        tree.write("bin/git", "#!/bin/sh\nexec sleep 1000\n")
        tree.shell("mkdir .git; chmod +x bin/git")
        let folder = try tree.folder { $0.gitTimeout = .milliseconds(50) }
        var paths: [String] = []
        let report = folder.walk(environment: ["PATH": tree.root + "/bin:/usr/bin:/bin"]) { paths.append($0.path) }
        #expect(paths.contains("a.py"))
        #expect(report.source == .ignoreFiles(gitFailure: "git took too long"))
    }

    @Test func ignoreFilesThatAreNoFilesAreNotOpened() throws {
        let tree = Tree()
        tree.write("a")
        tree.shell("mkfifo .gitignore; ln -s /dev/zero .ignore")
        #expect(try tree.walk().paths == ["a"])
    }
}
