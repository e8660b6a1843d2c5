// SPDX-License-Identifier: Apache-2.0
//
// Rotary positions as configurations state them, today and before.

internal import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Configuration {
    /// Reads `rope_parameters` (for a kind of layer, where they differ by that), or else the keys of older files.
    /// - Parameters:
    ///   - olderKey: where older files have θ.
    ///   - scalingApplies: whether an older `rope_scaling` is about these layers.
    func rotary(
        headSize: Int, layers kind: String? = nil, olderKey: String = "rope_theta", default theta: Double,
        scalingApplies: Bool = true
    ) throws(ModelError) -> RotaryTable {
        guard headSize.isMultiple(of: 2) else {
            throw ModelError(
                .invalidConfiguration, "\(file): heads of \(headSize) values cannot be rotated; their size must be even"
            )
        }
        var parameters = Configuration(file: file, values: try object("rope_parameters") ?? [:])
        if let kind, let own = try parameters.object(kind) { parameters = Configuration(file: file, values: own) }
        try parameters.require("rope_type", "default")
        for settings in [self, parameters] {
            let key = "partial_rotary_factor"
            let share = try settings.number(key, default: 1)
            guard share == 1 else { throw unsupported(key, "\(share)", "only 1") }
        }
        let older = try positive(olderKey, default: theta)
        let theta = try parameters.positive("rope_theta", default: older)
        guard scalingApplies, let scaling = try object("rope_scaling") else {
            return RotaryTable(theta: theta, headSize: headSize)
        }
        return try scaled(theta, by: Configuration(file: file, values: scaling), headSize: headSize)
    }

    /// `rope_scaling` of older files. "ntk" is that of Alibaba-NLP/new-impl: θ grows by the factor, and all frequencies
    /// shrink by its power 2 / headSize.
    private func scaled(
        _ theta: Double, by scaling: Configuration, headSize: Int
    ) throws(ModelError) -> RotaryTable {
        let key = scaling.present("rope_type") == nil ? "type" : "rope_type"
        switch try scaling.string(key) ?? "default" {
        case "default":
            return RotaryTable(theta: theta, headSize: headSize)
        case "ntk":
            try scaling.requireUnset("mixed_b")
            let factor = try scaling.positive("factor", default: 1)
            return RotaryTable(
                theta: theta * factor, headSize: headSize, frequencyScale: pow(factor, -2 / Double(headSize)))
        case let type:
            throw unsupported("rope_scaling", "of type '\(type)'", "only default and ntk")
        }
    }

    func positive(_ key: String, default fallback: Double) throws(ModelError) -> Double {
        let value = try number(key, default: fallback)
        guard value > 0, value.isFinite else {
            throw ModelError(.invalidConfiguration, "\(file): '\(key)' is \(value), expected a number above 0")
        }
        return value
    }
}
