// SPDX-License-Identifier: Apache-2.0
//
// The configuration that counts: defaults, over them the file, over it the
// environment, over that the options of the command.

public struct EffectiveConfiguration: Sendable {
    public struct Value: Sendable {
        public let setting: Setting
        public let value: SettingValue
        public let source: SettingSource

        /// As TOML has it; a secret only says that it is set.
        public var text: String { setting.text(of: value) }
    }

    public let configuration: Configuration
    /// Every setting, in the order of the table.
    public let values: [Value]

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
        var values: [Value] = []
        for setting in Setting.all {
            let given = layers.values[setting.key]
            if let given { setting.write(&configuration, given.value) }
            values.append(
                Value(
                    setting: setting, value: setting.read(configuration), source: given?.source ?? .default))
        }
        self.configuration = configuration
        self.values = values
    }

    /// Reads the file, which may be missing, and puts the rest over it.
    public static func load(
        path: String, environment: [String: String] = [:], flags: [String: String] = [:]
    ) throws(ConfigurationError) -> EffectiveConfiguration {
        try EffectiveConfiguration(
            file: ConfigurationFile(readingIfPresent: path), environment: environment, flags: flags)
    }

    public subscript(key: String) -> Value? { values.first { $0.setting.key == key } }
}
