// SPDX-License-Identifier: Apache-2.0
//
// One line of the table of settings: everything that the file's check, the
// environment, the documents and a reload need to know of a key.

public struct Setting: Sendable {
    /// When a changed value counts.
    public enum Effect: String, Sendable {
        /// With the next reload.
        case now
        case restart
    }

    /// `table.key`, as in "daemon.idle_timeout".
    public let key: String
    public let type: SettingType
    public let effect: Effect
    /// A sentence or two, for documents.
    public let summary: String
    /// `HEARTH_` and the key, or a shorter name.
    public let environmentVariable: String
    /// The option of `hearth` or `hearthd` that sets it.
    public let flag: String?
    /// The key of the setting without which this one means nothing.
    public let companion: String?

    let read: @Sendable (Configuration) -> SettingValue
    let write: @Sendable (inout Configuration, SettingValue) -> Void

    init<Value: SettingRepresentable>(
        _ key: String,
        _ path: @autoclosure @escaping @Sendable () -> any WritableKeyPath<Configuration, Value> & Sendable,
        _ type: SettingType, _ effect: Effect, _ summary: String, environment: String? = nil, flag: String? = nil,
        companion: String? = nil
    ) {
        self.key = key
        self.type = type
        self.effect = effect
        self.summary = summary
        environmentVariable = environment ?? "HEARTH_" + String(key.uppercased().map { $0 == "." ? "_" : $0 })
        self.flag = flag
        self.companion = companion
        // Key paths are made only when they are used: a table of them would take longer than a command's whole start.
        read = { $0[keyPath: path()].settingValue }
        write = { configuration, value in
            // A value of another type does not pass the check before.
            if let value = Value(value) { configuration[keyPath: path()] = value }
        }
    }

    public var defaultValue: SettingValue { read(Configuration()) }

    /// `["daemon", "idle_timeout"]`.
    var path: [String] { key.split(separator: ".").map(String.init) }
}

/// A value of a setting, independent of the type that the configuration has for it.
public enum SettingValue: Sendable, Hashable {
    case integer(Int)
    case boolean(Bool)
    /// Empty for "not set".
    case string(String)
    case list([String])
}

/// Types of properties of `Configuration`.
protocol SettingRepresentable: Sendable {
    init?(_ value: SettingValue)
    var settingValue: SettingValue { get }
}

extension Int: SettingRepresentable {
    init?(_ value: SettingValue) {
        guard case .integer(let number) = value else { return nil }
        self = number
    }

    var settingValue: SettingValue { .integer(self) }
}

extension Bool: SettingRepresentable {
    init?(_ value: SettingValue) {
        guard case .boolean(let flag) = value else { return nil }
        self = flag
    }

    var settingValue: SettingValue { .boolean(self) }
}

extension String: SettingRepresentable {
    init?(_ value: SettingValue) {
        guard case .string(let text) = value else { return nil }
        self = text
    }

    var settingValue: SettingValue { .string(self) }
}

extension [String]: SettingRepresentable {
    init?(_ value: SettingValue) {
        guard case .list(let texts) = value else { return nil }
        self = texts
    }

    var settingValue: SettingValue { .list(self) }
}

/// Whole seconds.
extension Duration: SettingRepresentable {
    init?(_ value: SettingValue) {
        guard case .integer(let seconds) = value else { return nil }
        self = .seconds(seconds)
    }

    var settingValue: SettingValue { .integer(Int(components.seconds)) }
}

/// Nil is 0 or the empty text.
extension Optional: SettingRepresentable where Wrapped: SettingRepresentable & EmptySetting {
    init?(_ value: SettingValue) {
        if value == Wrapped.unset {
            self = Self.none
        } else {
            guard let wrapped = Wrapped(value) else { return nil }
            self = wrapped
        }
    }

    var settingValue: SettingValue { self?.settingValue ?? Wrapped.unset }
}

protocol EmptySetting {
    static var unset: SettingValue { get }
}

extension Int: EmptySetting { static var unset: SettingValue { .integer(0) } }
extension Duration: EmptySetting { static var unset: SettingValue { .integer(0) } }
extension String: EmptySetting { static var unset: SettingValue { .string("") } }

extension SettingRepresentable where Self: RawRepresentable, RawValue == String {
    init?(_ value: SettingValue) {
        guard case .string(let name) = value else { return nil }
        self.init(rawValue: name)
    }

    var settingValue: SettingValue { .string(rawValue) }
}

/// By names that the user chose.
extension [String: Configuration.Precision]: SettingRepresentable {
    init?(_ value: SettingValue) {
        guard case .string(let text) = value else { return nil }
        self.init()
        for (name, choice) in SettingType.assignments(text) { self[name] = Configuration.Precision(rawValue: choice) }
    }

    var settingValue: SettingValue { .string(map { "\($0)=\($1.rawValue)" }.sorted().joined(separator: ",")) }
}

extension Configuration.Mode: SettingRepresentable {}
extension Configuration.Precision: SettingRepresentable {}
extension Configuration.InstructionSet: SettingRepresentable {}
extension Configuration.LogLevel: SettingRepresentable {}
extension Configuration.IOPriority: SettingRepresentable {}
extension Configuration.EmberModel: SettingRepresentable {}
