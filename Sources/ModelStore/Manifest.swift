// SPDX-License-Identifier: Apache-2.0
//
// The record that makes a model exist: `manifest.json` in the model's folder of
// the store, written last and whole.

import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum Manifest {
    static let fileName = "manifest.json"
    private static let format: Int64 = 1

    /// Writes the manifest of a model into its folder of the store. Files that Hearth keeps there itself are recorded
    /// relative to it, so that the store can be moved.
    static func write(_ model: InstalledModel, to modelFolder: String) throws(ModelStoreError) {
        let folder =
            model.folder.hasPrefix(modelFolder + "/")
            ? String(decoding: model.folder.utf8.dropFirst(modelFolder.utf8.count + 1), as: UTF8.self) : model.folder
        let files = model.files.map { file -> JSONValue in
            [
                "path": .string(file.path), "bytes": .integer(file.bytes),
                "sha256": file.sha256.map(JSONValue.string) ?? .null,
            ]
        }
        let document: JSONValue = [
            "format": .integer(format),
            "id": .string(model.id),
            "source": .string(model.source.reference),
            "revision": model.revision.map(JSONValue.string) ?? .null,
            "pulled_at": .integer(model.pulledAt ?? 0),
            "folder": .string(folder),
            "files": .array(files),
        ]
        try Disk.makeFolder(modelFolder)
        try Disk.replace(modelFolder + "/" + fileName, with: document.encoded() + [0x0A])
    }

    /// Reads the manifest in a model's folder of the store; nil where there is none.
    static func read(from modelFolder: String) throws(ModelStoreError) -> InstalledModel? {
        let path = modelFolder + "/" + fileName
        guard let bytes = try Disk.read(path) else { return nil }
        let damage: String
        do {
            let document = try JSONValue(parsing: bytes)
            if let model = try model(document, in: modelFolder) { return model }
            damage =
                document["format"]?.integer.map { $0 > Int(format) } == true
                ? "it was written by a newer version of Hearth" : "members are missing or of the wrong type"
        } catch let error as ModelStoreError {
            damage = error.message
        } catch {
            damage = "\(error)"
        }
        throw ModelStoreError(
            .corrupt,
            "the manifest '\(path)' cannot be read: \(damage); remove that file and pull the model again")
    }

    private static func model(_ document: JSONValue, in modelFolder: String) throws -> InstalledModel? {
        guard document["format"]?.integer == Int(format), let id = document["id"]?.string,
            let source = document["source"]?.string, let folder = document["folder"]?.string,
            let pulledAt = document["pulled_at"]?.integer, let elements = document["files"]?.array
        else { return nil }
        var files: [ModelFile] = []
        for element in elements {
            guard let path = element["path"]?.string, let bytes = element["bytes"]?.integer else { return nil }
            files.append(
                ModelFile(
                    path: try SafePath.check(path, from: "it"), bytes: Int64(bytes),
                    sha256: element["sha256"]?.string))
        }
        return InstalledModel(
            id: id, origin: .store, source: try ModelSource(reference: source),
            revision: document["revision"]?.string,
            folder: folder.hasPrefix("/") ? folder : modelFolder + "/" + (try SafePath.check(folder, from: "it")),
            files: files, pulledAt: Int64(pulledAt))
    }

    /// Now, in seconds since 1970.
    static func now() -> Int64 {
        Int64(time(nil))
    }
}
