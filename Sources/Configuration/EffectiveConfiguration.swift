// SPDX-License-Identifier: Apache-2.0
//
// The configuration that counts: defaults, over them the file, over it the
// environment, over that the options of the command.

public struct EffectiveConfiguration: Sendable {
    public struct Value: Sendable {
        public let setting: Setting
        public let value: SettingValue
        public let source: SettingSource

        /// As TOML has it.
        public var text: String { setting.type.text(of: value) }
    }

    public let configuration: Configuration
    private let sources: [String: SettingSource]

    /// - Parameters:
    ///   - file: nil when there is none.
    ///   - environment: variables that are empty count as not set. `HOME` is what `~/` stands for.
    ///   - flags: the texts of options that were given, by the key of the setting.
    /// - Throws: all that is wrong, at once.
    public init(
        file: ConfigurationFile? = nil, environment: [String: String] = [:], flags: [String: String] = [:]
    ) throws(ConfigurationError) {
        var layers = SettingLayers(home: environment["HOME"])
        if let file { layers.add(file) }
        layers.add(environment: environment)
        layers.add(flags: flags)
        guard layers.problems.isEmpty else { throw ConfigurationError(problems: layers.problems) }
        var configuration = Configuration()
        for setting in Setting.all {
            if let given = layers.values[setting.key] { setting.write(&configuration, given.value) }
        }
        self.configuration = configuration
        sources = layers.values.mapValues(\.source)
        let alone = values.compactMap(missingCompanion)
        guard alone.isEmpty else { throw ConfigurationError(problems: alone) }
    }

    private func missingCompanion(of value: Value) -> ConfigurationError.Problem? {
        guard value.value != value.setting.defaultValue, let companion = value.setting.companion.flatMap({ self[$0] }),
            companion.value == companion.setting.defaultValue
        else { return nil }
        let (key, other) = (value.setting.key, companion.setting.key)
        return .init(
            value.source, key: key, "\(key) is \(value.text), but \(other) is not set; set both, or neither")
    }

    /// Reads the file, which may be missing, and puts the rest over it.
    public static func load(
        path: String, environment: [String: String] = [:], flags: [String: String] = [:]
    ) throws(ConfigurationError) -> EffectiveConfiguration {
        try EffectiveConfiguration(
            file: ConfigurationFile(readingIfPresent: path), environment: environment, flags: flags)
    }

    /// Every setting, in the order of the table.
    public var values: [Value] { Setting.all.map(value(of:)) }

    public subscript(key: String) -> Value? { Setting.named(key).map(value(of:)) }

    private func value(of setting: Setting) -> Value {
        Value(
            setting: setting, value: setting.read(configuration), source: sources[setting.key] ?? .default)
    }
}
