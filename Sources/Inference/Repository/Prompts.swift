// SPDX-License-Identifier: Apache-2.0
//
// The texts that a model was trained to see before a query or a document.

internal import JSON

/// The prompts of `config_sentence_transformers.json`.
public struct Prompts: Sendable, Hashable {
    public var named: [String: String] = [:]
    /// The prompt that applies when nothing is asked for.
    public var defaultName: String?
}

/// Which prompt to put before a text.
public enum PromptChoice: Sendable, Hashable {
    /// The repository's default prompt, or none where it has no default.
    case standard
    /// The prompt called "query", or none.
    case query
    /// The prompt called "document", or none. One called "passage" or "corpus" must be asked for by name, so that
    /// vectors agree with sentence-transformers, whose encode_document never comes to look for these.
    case document
    /// The prompt of this name, which must exist.
    case named(String)
    /// This very text.
    case text(String)
}

extension Prompts {
    init(_ configuration: Configuration) throws(ModelError) {
        for member in try configuration.object("prompts")?.members ?? [] {
            guard let text = member.value.isNull ? "" : member.value.string else {
                throw configuration.invalid("prompts.\(member.key)", member.value, "a string")
            }
            named[member.key] = text
        }
        defaultName = try configuration.string("default_prompt_name")
        if let defaultName, named[defaultName] == nil {
            throw configuration.invalid(
                "default_prompt_name", .string(defaultName), "one of the prompts: \(names.joined(separator: ", "))")
        }
    }

    /// The names of the prompts, sorted.
    public var names: [String] { named.keys.sorted() }

    /// The text that a choice stands for; empty for none.
    public func text(_ choice: PromptChoice) throws(ModelError) -> String {
        switch choice {
        case .standard: return defaultName.flatMap { named[$0] } ?? ""
        case .query: return named["query"] ?? ""
        case .document: return named["document"] ?? ""
        case .text(let text): return text
        case .named(let name):
            if let text = named[name] { return text }
            let known = named.isEmpty ? "the model has none" : "the model has \(names.joined(separator: ", "))"
            throw ModelError(.invalidInput, "there is no prompt '\(name)'; \(known)")
        }
    }
}
