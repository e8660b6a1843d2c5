// SPDX-License-Identifier: Apache-2.0
//
// Reading config.toml from disk.

import Configuration
import TestSupport
import Testing

@Suite struct ConfigurationFileTests {
    @Test func aMissingFileIsTheDefaults() throws {
        #expect(try EffectiveConfiguration.load(path: "/nowhere/config.toml").configuration == Configuration())
    }

    @Test func aFolderCannotBeRead() {
        var message = ""
        do throws(ConfigurationError) { _ = try EffectiveConfiguration.load(path: "/") } catch { message = "\(error)" }
        #expect(message.hasPrefix("/: the configuration cannot be read: "))
    }

    @Test func aFileIsReadWhole() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/config.toml"
        folder.write(String(repeating: "# long\n", count: 9000) + "[daemon]\nlog_keep = 77\n", to: "config.toml")
        let effective = try EffectiveConfiguration.load(path: path)
        #expect(effective.configuration.daemon.logKeep == 77)
        #expect(effective["daemon.log_keep"]?.source == .file(path: path, line: 9002))
        folder.write(String(repeating: "#", count: 1 << 21), to: "config.toml")
        #expect(throws: ConfigurationError.self) { try EffectiveConfiguration.load(path: path) }
        withExtendedLifetime(folder) {}
    }
}
