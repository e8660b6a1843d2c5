// SPDX-License-Identifier: Apache-2.0
//
// How a user names a model, and which of several readings of a name counts.

/// A model as named on a command line or in a request.
///
/// The readings of a text, the first that fits counts:
///
/// 1. `hf:org/name`, `hf:org/name@revision` and `pypi:package==version` are what they say.
/// 2. A text that begins with `/`, `./`, `../` or `~`, and `.` and `..`, is a path.
/// 3. A name or alias of the catalogue, in any case, is that entry, even where a folder of this name exists: what a
///    command means must not depend on where it is run. `./name` is the folder.
/// 4. A text that names an existing folder is that folder.
/// 5. `org/name`, with `@revision` behind it or not, is a hub repository.
/// 6. A single word is the name of an installed model.
public enum ModelReference: Sendable, Hashable {
    case catalogue(CatalogueEntry)
    case source(ModelSource)
    /// An installed model's id.
    case name(String)

    /// - Parameters:
    ///   - home: the folder that `~` stands for.
    ///   - workingDirectory: the folder that relative paths start from, absolute.
    ///   - isFolder: whether an absolute path names a folder.
    public init(
        _ text: String, catalogue: Catalogue, home: String?, workingDirectory: String, isFolder: (String) -> Bool
    ) throws(ModelStoreError) {
        guard !text.isEmpty else { throw ModelStoreError(.invalidReference, "the name of a model is empty") }
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
            throw ModelStoreError(.invalidReference, "the name of a model contains a control character")
        }
        if text.hasPrefix("hf:") {
            self = Self.hub(try ModelSource.hub(parsing: text.dropFirst(3)), catalogue)
        } else if text.hasPrefix("pypi:") {
            self = .source(try ModelSource.wheel(parsing: text.dropFirst(5)))
        } else if Self.isPath(text) {
            self = .source(.folder(try Self.absolute(text, home: home, workingDirectory: workingDirectory)))
        } else if let entry = catalogue.entry(named: text) {
            self = .catalogue(entry)
        } else if isFolder(workingDirectory + "/" + text) {
            self = .source(.folder(try Self.absolute(text, home: home, workingDirectory: workingDirectory)))
        } else if text.contains("/") {
            self = Self.hub(try ModelSource.hub(parsing: text[...]), catalogue)
        } else {
            self = .name(text)
        }
    }

    /// A hub id at its default revision is the catalogue's entry where there is one.
    private static func hub(_ source: ModelSource, _ catalogue: Catalogue) -> ModelReference {
        if case .hub(let repository, ModelSource.defaultRevision) = source,
            let entry = catalogue.entry(named: repository)
        {
            return .catalogue(entry)
        }
        return .source(source)
    }

    private static func isPath(_ text: String) -> Bool {
        text == "." || text == ".." || ["/", "./", "../", "~"].contains { text.hasPrefix($0) }
    }

    /// The path from the root, with `~`, `.` and `..` taken out by name.
    private static func absolute(
        _ path: String, home: String?, workingDirectory: String
    ) throws(ModelStoreError) -> String {
        var path = path
        if path == "~" || path.hasPrefix("~/") {
            guard let home else {
                throw ModelStoreError(.invalidReference, "'\(path)' needs HOME to be set; write the whole path")
            }
            path = home + path.dropFirst()
        } else if path.hasPrefix("~") {
            throw ModelStoreError(
                .invalidReference, "'\(path)' names another user's folder; write the whole path")
        } else if !path.hasPrefix("/") {
            path = workingDirectory + "/" + path
        }
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}
