// SPDX-License-Identifier: Apache-2.0
//
// A folder of a model repository: files by relative name, never outside of it.

internal import JSON

struct ModelFolder: Sendable {
    let path: String
    /// Whether the files are not on disk but in the executable.
    private let isEmbedded: Bool

    init(path: String) {
        self.path = path
        isEmbedded = false
    }

    /// The model that every executable carries.
    static let embedded = ModelFolder(embedded: "(embedded model)")

    private init(embedded path: String) {
        self.path = path
        isEmbedded = true
    }

    /// The file called `name`, or nil where there is none.
    func file(_ name: String) throws(ModelError) -> MappedFile? {
        let path = path + "/" + name
        guard isEmbedded else { return try MappedFile.ifThere(path: path) }
        return EmbeddedFile.all.first { Self.embedded.path + "/" + $0.name == path }?.file(path)
    }

    /// The JSON object in the file called `name`, or nil where there is no such file.
    func configuration(_ name: String) throws(ModelError) -> Configuration? {
        guard let value = try json(name) else { return nil }
        guard let object = value.object else {
            throw ModelError(.corrupt, "\(path)/\(name): expected a JSON object, found \(value.kind)")
        }
        return Configuration(file: path + "/" + name, values: object)
    }

    /// The JSON document in the file called `name`, or nil where there is no such file.
    func json(_ name: String) throws(ModelError) -> JSONValue? {
        guard let file = try file(name) else { return nil }
        do {
            return try JSONValue(parsing: file.content)
        } catch {
            throw ModelError(.corrupt, "\(file.path) is not valid JSON: \(error)")
        }
    }

    /// The sub-folder that a repository's own file names; the folder itself for the empty name.
    func subfolder(_ name: String, namedBy file: String) throws(ModelError) -> ModelFolder {
        if name.isEmpty || name == "." { return self }
        guard Self.staysInside(name) else {
            throw ModelError(.corrupt, "\(path)/\(file) names the folder '\(name)', which is outside the model")
        }
        let path = path + "/" + name
        return isEmbedded ? ModelFolder(embedded: path) : ModelFolder(path: path)
    }

    /// Whether a relative path cannot leave the folder it is relative to.
    static func staysInside(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix("/") && !name.utf8.contains(0)
            && !name.split(separator: "/", omittingEmptySubsequences: false).contains("..")
    }
}
