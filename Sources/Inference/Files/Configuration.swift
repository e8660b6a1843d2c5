// SPDX-License-Identifier: Apache-2.0
//
// Values of a configuration file, checked for type and range where they are read.

internal import JSON

struct Configuration: Sendable {
    /// Where the values come from, for messages.
    let file: String
    let values: JSONObject

    /// Sizes beyond this are a damaged file, and would overflow products of three of them.
    static let largestSize = 1 << 20

    /// A positive size; `fallback` where the key is absent or null.
    func size(
        _ key: String, default fallback: Int? = nil, atMost limit: Int = largestSize
    ) throws(ModelError) -> Int {
        guard let value = present(key) else {
            guard let fallback else { throw ModelError(.invalidConfiguration, "\(file): '\(key)' is missing") }
            return fallback
        }
        guard let size = value.integer, (1...limit).contains(size) else {
            throw invalid(key, value, "a whole number from 1 to \(limit)")
        }
        return size
    }

    func number(_ key: String, default fallback: Double) throws(ModelError) -> Double {
        guard let value = present(key) else { return fallback }
        guard let number = value.double else { throw invalid(key, value, "a number") }
        return number
    }

    func flag(_ key: String, default fallback: Bool) throws(ModelError) -> Bool {
        guard let value = present(key) else { return fallback }
        guard let flag = value.bool else { throw invalid(key, value, "true or false") }
        return flag
    }

    func string(_ key: String) throws(ModelError) -> String? {
        guard let value = present(key) else { return nil }
        guard let string = value.string else { throw invalid(key, value, "a string") }
        return string
    }

    func object(_ key: String) throws(ModelError) -> JSONObject? {
        guard let value = present(key) else { return nil }
        guard let object = value.object else { throw invalid(key, value, "an object") }
        return object
    }

    /// The value of a key; nil for null, which these files use for "not set".
    func present(_ key: String) -> JSONValue? {
        guard let value = values[key], !value.isNull else { return nil }
        return value
    }

    func invalid(_ key: String, _ value: JSONValue, _ expected: String) -> ModelError {
        ModelError(.invalidConfiguration, "\(file): '\(key)' is \(value), expected \(expected)")
    }
}
