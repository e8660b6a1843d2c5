// SPDX-License-Identifier: Apache-2.0
//
// Why a tokenizer cannot be made.

public enum TokenizerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The description is not JSON, or something in it is missing, has a wrong type or contradicts the rest.
    case malformed(String)
    /// A component that this module does not implement. `component` is its place in `tokenizer.json`, such as
    /// `pre_tokenizer`.
    case unsupported(component: String, type: String, supported: [String])

    public var description: String {
        switch self {
        case .malformed(let message):
            "the tokenizer is malformed: \(message)"
        case .unsupported(let component, let type, let supported):
            "the tokenizer's \(component) is of type '\(type)'; supported are \(supported.joined(separator: ", "))"
        }
    }
}
