// SPDX-License-Identifier: Apache-2.0
//
// What a reload changes, one line for each.

public struct ConfigurationChange: Sendable, Hashable, CustomStringConvertible {
    public let key: String
    /// As TOML has them.
    public let old: String
    public let new: String
    public let effect: Setting.Effect

    /// "daemon.idle_timeout: 900 → 60 (takes effect now)"
    public var description: String {
        "\(key): \(old) → \(new) (\(effect == .now ? "takes effect now" : "needs a restart"))"
    }
}

/// The settings whose values differ, in the order of the table.
public func changes(from old: Configuration, to new: Configuration) -> [ConfigurationChange] {
    Setting.all.compactMap { setting in
        let (before, after) = (setting.read(old), setting.read(new))
        if before == after { return nil }
        return ConfigurationChange(
            key: setting.key, old: setting.type.text(of: before), new: setting.type.text(of: after),
            effect: setting.effect)
    }
}
