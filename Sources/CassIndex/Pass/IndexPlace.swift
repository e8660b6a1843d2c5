// SPDX-License-Identifier: Apache-2.0
//
// Where an index stands, and whether it is one that Hearth may write to.

import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct IndexPlace {
    let folder: String
    let embedder: IndexEmbedder

    /// - Parameter index: cass's folder of data.
    init(_ index: String, _ embedder: IndexEmbedder) {
        folder = index + "/vector_index"
        self.embedder = embedder
    }

    var file: String { "\(folder)/index-\(embedder.id).fsvi" }
    /// cass's log of changes to the file.
    var log: String { file + ".wal" }
    /// Hearth's own: vectors of a pass that is not finished, and the lock of whoever is at work.
    var work: String { file + ".hearth-work" }
    /// The file that is to replace it.
    var next: String { file + ".hearth-new" }

    /// What cass makes from the file and would have to make anew, or knows of it and would have to be told.
    func checkCompanions() throws(CassIndexError) {
        let graph = "\(folder)/hnsw-\(embedder.id).chsw"
        if FileIdentity(of: graph) != nil {
            throw CassIndexError(
                "cass keeps '\(graph)', made from the index, which would not fit any more; the index is left as it is")
        }
        guard let manifest = try RegularFile.open("\(folder)/semantic_manifest.json") else { return }
        try checkManifest(manifest)
    }

    /// A manifest may stand beside the index as long as it does not speak of it: it has sizes and counts of what cass
    /// built itself.
    private func checkManifest(_ file: RegularFile) throws(CassIndexError) {
        let size = try file.identity().size
        guard size <= 1 << 20, let text = String(validating: try file.bytes(0..<size), as: UTF8.self),
            let manifest = try? JSONValue(parsing: text).object,
            manifest["manifest_version"]?.integer == 1
        else { throw CassIndexError("'\(file.path)' is a manifest that is not known here; the index is left as it is") }
        for part in ["fast_tier", "quality_tier", "checkpoint"] {
            guard let entry = manifest[part], !entry.isNull else { continue }
            guard let name = entry.object?["embedder_id"]?.string, name != embedder.id else {
                throw CassIndexError(
                    "cass builds this index itself, as '\(file.path)' says in '\(part)'; it is left as it is")
            }
        }
    }
}
