// SPDX-License-Identifier: Apache-2.0
//
// Jobs as a user runs them, on disks without room and with daemons that are killed.

import Foundation
import JSON
import TestSupport
import Testing

@Suite(.enabled(if: TestHome.isPrepared, "run make test, which builds the executables and pulls the model"))
struct JobsTests {
    let home: TestHome

    init() throws { home = try TestHome(withModels: false) }

    private func write(_ text: String, to name: String) -> String {
        home.write(text, to: name)
        return home.path + "/" + name
    }

    private func state(_ job: String) throws -> JSONValue {
        try JSONValue(parsing: try home.run(["jobs", "show", job, "--json"]).output)
    }

    #if os(Linux)
        /// A disk of a few megabytes for the length of a test; nil where it may not be mounted.
        private func disk(_ name: String, megabytes: Int) throws -> SmallDisk? {
            let disk = SmallDisk(path: home.path + "/" + name, environment: home.environment())
            return try disk.mount(megabytes: megabytes) ? disk : nil
        }

        @Test(.enabled(if: geteuid() == 0, "mounting a small disk needs root"))
        func aFullStateFolderRefusesJobsUntilThereIsRoom() throws {
            guard let disk = try disk("state", megabytes: 8) else { return }
            defer { disk.unmount() }
            let wait = "while [ ! -e go ]; do sleep 0.01; done"
            let short = write(
                "name: a\nsteps: [{id: x, run: \"\(wait)\"}, {id: y, run: echo y >> ran, needs: x}]", to: "short.yaml")
            let filler = String(repeating: "x", count: 300_000)
            let long = write("name: a\ndescription: \(filler)\nsteps: [{id: x, run: echo x}]", to: "long.yaml")
            #expect(try home.run(["run", short]).status == 0)
            let pid = try JSONValue(parsing: try home.run(["status", "--json"]).output)["pid"]
            try disk.fill()
            let refused = try home.run(["run", long])
            #expect(refused.status != 0 && refused.errors.lowercased().contains("no space"), "\(refused.errors)")
            // The daemon does everything else, its other jobs included.
            #expect(try home.run(["embed", "hello"]).status == 0)
            home.write("", to: "go")
            disk.empty()
            #expect(try home.run(["jobs", "wait", "short"]).status == 0)
            #expect(try home.run(["run", long]).status == 0)
            #expect(try home.run(["jobs", "wait", "long"]).status == 0)
            #expect(try String(contentsOfFile: home.path + "/ran", encoding: .utf8) == "y\n")
            #expect(try JSONValue(parsing: try home.run(["status", "--json"]).output)["pid"] == pid)
            #expect(try home.run(["stop"]).status == 0)
        }

        @Test(.enabled(if: geteuid() == 0, "mounting a small disk needs root"))
        func anEmbedStepSaysThatTheDiskIsFullAndGoesOnWhenItIsNot() throws {
            guard let disk = try disk("disk", megabytes: 4) else { return }
            defer { disk.unmount() }
            home.write((0..<600).map { "text \($0)\n" }.joined(), to: "texts.txt")
            let file = write(
                "name: e\nsteps: [{id: e, embed: {input: texts.txt, output: disk/out, shard_size: 100}}]",
                to: "embed.yaml")
            // Of the small model, which is always there, a shard has 100 vectors of 256 numbers.
            try disk.fill(leaving: 250_000)
            #expect(try home.run(["run", file]).status == 0)
            #expect(try home.run(["jobs", "wait", "embed"]).status == 1)
            let failed = try state("embed")
            #expect(failed["error"]?.string?.hasSuffix("No space left on device") == true, "\(failed)")
            #expect(!FileManager.default.fileExists(atPath: disk.path + "/out/manifest.json"))
            disk.empty()
            #expect(try home.run(["jobs", "resume", "embed"]).status == 0)
            #expect(try home.run(["jobs", "wait", "embed"]).status == 0)
            #expect(FileManager.default.fileExists(atPath: disk.path + "/out/manifest.json"))
            #expect(try state("embed")["steps"]?.array?.first?["attempts"] == 2)
            #expect(try home.run(["stop"]).status == 0)
        }
    #endif

    /// A few of what `Scripts/check-kills` does two hundred times.
    @Test func killedDaemonsLoseNothingAndRepeatNothing() throws {
        let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first(
            where: FileManager.default.isExecutableFile(atPath:))
        guard let python else { return }
        let result = try TestHome.run(
            python, ["-B", repositoryFile("Benchmarks/kills.py"), TestHome.executable(""), "10"],
            environment: home.environment())
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(result.output.hasPrefix("10 daemons killed"), "\(result.output)")
    }
}

#if os(Linux)
    /// A file system in memory that can be filled.
    private final class SmallDisk {
        let path: String
        private let environment: [String: String]

        init(path: String, environment: [String: String]) {
            self.path = path
            self.environment = environment
        }

        /// - Returns: false where it may not be.
        func mount(megabytes: Int) throws -> Bool {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            let arguments = ["-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", path]
            return try TestHome.run("/bin/mount", arguments, environment: environment).status == 0
        }

        func unmount() { _ = try? TestHome.run("/bin/umount", ["-l", path], environment: environment) }

        /// Leaves so many bytes, to the page.
        func fill(leaving bytes: Int = 0) throws {
            let file = try #require(fopen(path + "/filler", "w"))
            defer { fclose(file) }
            let page = [UInt8](repeating: 1, count: 4096)
            setvbuf(file, nil, _IONBF, 0)
            while fwrite(page, 1, page.count, file) == page.count {}
            ftruncate(fileno(file), max(0, lseek(fileno(file), 0, SEEK_END) - bytes))
        }

        func empty() { unlink(path + "/filler") }
    }
#endif
