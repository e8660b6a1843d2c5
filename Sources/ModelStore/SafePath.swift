// SPDX-License-Identifier: Apache-2.0
//
// File names that come from elsewhere, a hub's listing or an archive: what may
// be joined to a folder without leaving it.

enum SafePath {
    /// A relative path of ordinary names: no `..`, no empty or absolute part, no control characters or backslashes.
    static func isSafe(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return path.utf8.count <= 1024
            && parts.allSatisfy { part in
                !part.isEmpty && part != "." && part != ".." && part.utf8.count <= 255
                    && !part.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F || $0 == "\\" }
            }
    }

    /// The path, or an error that names where it came from.
    static func check(_ path: String, from source: String) throws(ModelStoreError) -> String {
        guard isSafe(path) else {
            let shown = String(path.unicodeScalars.prefix(200).map { $0.value < 0x20 ? " " : Character($0) })
            throw ModelStoreError(
                .unsupported, "\(source) names a file outside of its folder, '\(shown)'; nothing of it was used")
        }
        return path
    }
}
