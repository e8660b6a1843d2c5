// SPDX-License-Identifier: Apache-2.0
//
// Remembers what Hearth put into the Hugging Face cache for one model, so that
// removing the model takes away that and nothing else. A line is written before
// what it names, so that an interrupted pull leaves nothing unaccounted for.

struct HubJournal: Sendable {
    private let path: String

    init(modelFolder: String) {
        path = modelFolder + "/hub-files"
    }

    /// Absolute paths of blobs, partial blobs, links and refs.
    var paths: [String] {
        guard let bytes = try? Disk.read(path) else { return [] }
        var seen: Set<Substring> = []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            .filter { $0.hasPrefix("/") && seen.insert($0).inserted }
            .map(String.init)
    }

    func record(_ path: String) throws(ModelStoreError) {
        try Disk.append(line: path, to: self.path)
    }

    func remove() throws(ModelStoreError) {
        try Disk.removeFile(path)
    }
}
