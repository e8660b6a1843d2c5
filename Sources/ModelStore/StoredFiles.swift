// SPDX-License-Identifier: Apache-2.0
//
// A model's files as Hearth itself keeps them: made aside, verified, moved into
// place under a name taken from their content.

enum StoredFiles {
    static let prefix = "files-"

    /// A digest of paths and checksums: the same files, the same name.
    static func digest(of files: [ModelFile]) -> String {
        let lines = files.sorted { $0.path < $1.path }.map { "\($0.sha256 ?? "")  \($0.path)\n" }
        return SHA256.hexDigest(of: Array(lines.joined().utf8))
    }

    /// Moves finished files into the model's folder and gives their place there.
    ///
    /// - Parameter unpacked: a folder that holds the files and nothing else, all written to the disk.
    static func install(
        _ unpacked: String, files: [ModelFile], into modelFolder: String
    ) throws(ModelStoreError) -> String {
        let folder = modelFolder + "/" + prefix + digest(of: files).prefix(12)
        // An earlier pull may have come this far; what it left is not known to be whole.
        try Disk.removeTree(folder)
        try Disk.move(unpacked, to: folder)
        try Disk.sync(modelFolder)
        return folder
    }

    /// Fails where a file is not the one that is expected under its path.
    static func check(
        _ file: ModelFile, against expected: [ModelFile], from source: String
    ) throws(ModelStoreError) {
        guard let known = expected.first(where: { $0.path == file.path }) else { return }
        guard known.bytes == file.bytes, known.sha256 == nil || known.sha256 == file.sha256 else {
            throw ModelStoreError(
                .corrupt, "\(file.path) of \(source) is not the file that the catalogue describes")
        }
    }
}
