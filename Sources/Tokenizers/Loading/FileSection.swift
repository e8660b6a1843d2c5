// SPDX-License-Identifier: Apache-2.0
//
// Typed access to a part of `tokenizer.json`, with errors that say where.

import JSON

struct FileSection {
    /// Empty for the whole file.
    let path: String
    let value: JSONValue

    init(_ path: String, _ value: JSONValue) {
        self.path = path
        self.value = value
    }

    func member(_ key: String) throws(TokenizerError) -> FileSection {
        guard let object = value.object else { throw wrongKind("an object") }
        guard let member = object[key] else { throw .malformed("\(path) lacks '\(key)'") }
        return FileSection(path.isEmpty ? key : "\(path).\(key)", member)
    }

    /// The member, unless it is missing or null.
    func optionalMember(_ key: String) throws(TokenizerError) -> FileSection? {
        guard let object = value.object else { throw wrongKind("an object") }
        guard let member = object[key], !member.isNull else { return nil }
        return FileSection(path.isEmpty ? key : "\(path).\(key)", member)
    }

    func elements() throws(TokenizerError) -> [FileSection] {
        guard let elements = value.array else { throw wrongKind("an array") }
        return elements.enumerated().map { FileSection("\(path)[\($0)]", $1) }
    }

    func bool() throws(TokenizerError) -> Bool {
        guard let bool = value.bool else { throw wrongKind("a boolean") }
        return bool
    }

    func string() throws(TokenizerError) -> String {
        guard let string = value.string else { throw wrongKind("a string") }
        return string
    }

    /// An integer from 0 to 2147483647, as ids, types and limits are.
    func count() throws(TokenizerError) -> Int32 {
        guard case .integer(let integer) = value else { throw wrongKind("an integer") }
        guard let count = Int32(exactly: integer), count >= 0 else {
            throw .malformed("\(path) is \(integer), not from 0 to \(Int32.max)")
        }
        return count
    }

    func bool(_ key: String) throws(TokenizerError) -> Bool { try member(key).bool() }
    func string(_ key: String) throws(TokenizerError) -> String { try member(key).string() }
    func count(_ key: String) throws(TokenizerError) -> Int32 { try member(key).count() }

    func unsupported(_ type: String, supported: [String]) -> TokenizerError {
        .unsupported(component: path, type: type, supported: supported)
    }

    private func wrongKind(_ expected: String) -> TokenizerError {
        .malformed("\(path) is of type \(value.kind), not \(expected)")
    }
}
