// SPDX-License-Identifier: Apache-2.0
//
// The files of the model that the executable carries, where they are in its memory.

internal import CEmbeddedModel

struct EmbeddedFile {
    /// Relative to the repository.
    let name: String
    private let bytes: UnsafeRawBufferPointer
    private let digest: Digest

    static var all: [EmbeddedFile] {
        guard let table = hearth_embedded_model() else { return [] }
        var files: [EmbeddedFile] = []
        while let file = EmbeddedFile(table[files.count]) { files.append(file) }
        return files
    }

    /// Nil for the entry that ends the table.
    private init?(_ file: hearth_embedded_file) {
        guard let name = file.name, let digest = file.sha256.flatMap({ Digest(hex: Substring(String(cString: $0))) })
        else { return nil }
        self.name = String(cString: name)
        self.digest = digest
        bytes = UnsafeRawBufferPointer(start: file.bytes, count: file.size)
    }

    func file(_ path: String) -> MappedFile {
        MappedFile(path: path, constant: bytes, digest: digest)
    }
}
