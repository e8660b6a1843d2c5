// SPDX-License-Identifier: Apache-2.0
//
// Texts of a job file in which `${{ steps.ID.outputs.NAME }}` stands for what
// an earlier step handed on.

/// An output of a step.
public struct OutputReference: Sendable, Hashable {
    public var step: String
    public var name: String
}

public struct Template: Sendable, Hashable {
    public enum Part: Sendable, Hashable {
        case text(String)
        case output(OutputReference)
    }

    public let parts: [Part]

    init(parts: [Part]) { self.parts = parts }

    /// A text without references.
    public init(_ text: String) { parts = text.isEmpty ? [] : [.text(text)] }

    /// Reads a text; fails with what to say about a reference that is none.
    init(parsing text: String) throws(Problem) {
        var parts: [Part] = []
        var rest = Substring(text)
        while let start = rest.firstRange(of: "${{") {
            if start.lowerBound > rest.startIndex { parts.append(.text(String(rest[..<start.lowerBound]))) }
            guard let end = rest[start.upperBound...].firstRange(of: "}}") else {
                throw Problem("'${{' without '}}'")
            }
            let inner = rest[start.upperBound..<end.lowerBound].filter { $0 != " " && $0 != "\t" }
            guard let reference = OutputReference(inner) else {
                throw Problem("'${{ \(inner.shortened) }}' is no reference; write '${{ steps.ID.outputs.NAME }}'")
            }
            parts.append(.output(reference))
            rest = rest[end.upperBound...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        self.parts = parts
    }

    struct Problem: Error {
        let message: String

        init(_ message: String) { self.message = message }
    }

    public var references: [OutputReference] {
        parts.compactMap { if case .output(let reference) = $0 { reference } else { nil } }
    }

    /// The text with the values put in.
    public func filled(_ value: (OutputReference) -> String) -> String {
        parts.reduce(into: "") { text, part in
            switch part {
            case .text(let piece): text += piece
            case .output(let reference): text += value(reference)
            }
        }
    }

    /// The text for a shell, and the variables in which it finds the values, so that what a step handed on is never
    /// run as a command.
    func filledForShell() -> (text: String, variables: [String: OutputReference]) {
        var variables: [String: OutputReference] = [:]
        let text = filled { reference in
            let name = "HEARTH_OUTPUT_\(variables.count + 1)"
            variables[name] = reference
            return "${\(name)}"
        }
        return (text, variables)
    }

    /// The text as it was written.
    public var source: String { filled { "${{ steps.\($0.step).outputs.\($0.name) }}" } }
}

extension OutputReference {
    /// Reads "steps.ID.outputs.NAME".
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, parts[0] == "steps", parts[2] == "outputs", parts[1].isIdentifier,
            parts[3].isIdentifier
        else { return nil }
        self.init(step: parts[1], name: parts[3])
    }
}

extension String {
    /// What ids of steps and names of outputs and backends are made of.
    static let identifierPattern = "^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$"

    var isIdentifier: Bool {
        let bytes = utf8
        return (1...64).contains(bytes.count) && bytes.allSatisfy(\.isNameByte) && bytes.first != UInt8(ascii: "-")
    }

    static let variablePattern = "^[A-Za-z_][A-Za-z0-9_]*$"

    var isVariableName: Bool {
        guard let first = utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return utf8.count <= 255 && utf8.allSatisfy { $0.isNameByte && $0 != UInt8(ascii: "-") }
    }
}
