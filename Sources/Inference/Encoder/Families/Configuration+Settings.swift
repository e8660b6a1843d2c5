// SPDX-License-Identifier: Apache-2.0
//
// Settings that change the forward pass: what is known of them is read, the rest is refused by name.

internal import JSON

extension Configuration {
    /// Refuses a setting that is neither absent nor one of these values.
    func require(_ key: String, _ supported: String...) throws(ModelError) {
        guard let value = try string(key), !supported.contains(value) else { return }
        throw unsupported(key, "'\(value)'", "only \(supported.joined(separator: " and "))")
    }

    /// Refuses a setting that is neither absent nor this.
    func require(_ key: String, _ supported: Bool) throws(ModelError) {
        guard try flag(key, default: supported) != supported else { return }
        throw unsupported(key, "\(!supported)", "only \(supported)")
    }

    /// Refuses a setting that is anything but absent, null, false or 0.
    func requireUnset(_ key: String) throws(ModelError) {
        guard let value = present(key), value.bool != false, value.double != 0 else { return }
        throw unsupported(key, "\(value)", "only models without it")
    }

    func unsupported(_ key: String, _ value: String, _ supported: String) -> ModelError {
        ModelError(.unsupported, "\(file): '\(key)' is \(value); \(supported) can be computed")
    }

    /// A small size that may be 0, where a table or a setting is not there.
    func count(_ key: String, default fallback: Int) throws(ModelError) -> Int {
        if present(key)?.integer == 0 { return 0 }
        return try size(key, default: fallback)
    }

    /// A list of strings, or nil.
    func strings(_ key: String) throws(ModelError) -> [String]? {
        guard let value = present(key) else { return nil }
        guard let array = value.array else { throw invalid(key, value, "a list of strings") }
        let strings = array.compactMap(\.string)
        guard strings.count == array.count else { throw invalid(key, value, "a list of strings") }
        return strings
    }

    /// Which blocks see only their neighbourhood: `layer_types`, or else what the older settings come to.
    func slidingLayers(_ count: Int, _ older: (Int) -> Bool) throws(ModelError) -> [Bool] {
        guard let types = try strings("layer_types") else { return (0..<count).map(older) }
        guard types.count == count else {
            throw ModelError(
                .invalidConfiguration, "\(file): 'layer_types' names \(types.count) layers, the model has \(count)")
        }
        var sliding: [Bool] = []
        for type in types {
            guard ["full_attention", "sliding_attention"].contains(type) else {
                throw unsupported("layer_types", "'\(type)'", "only full_attention and sliding_attention")
            }
            sliding.append(type == "sliding_attention")
        }
        return sliding
    }
}
