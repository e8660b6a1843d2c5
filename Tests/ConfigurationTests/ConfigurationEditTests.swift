// SPDX-License-Identifier: Apache-2.0
//
// One switch in config.toml is set, and every other byte stays as it was.

import Configuration
import Foundation
import TestSupport
import Testing

@Suite struct ConfigurationEditTests {
    @Test(arguments: [
        ("", "[compat]\nember = true\n"),
        ("# mine\n", "# mine\n\n[compat]\nember = true\n"),
        ("[model]\nkeep_alive = 5", "[model]\nkeep_alive = 5\n\n[compat]\nember = true\n"),
        ("[compat]\n", "[compat]\nember = true\n"),
        ("[compat] # tools", "[compat] # tools\nember = true\n"),
        ("[compat]\ncass = true # c\n[model]\n", "[compat]\nember = true\ncass = true # c\n[model]\n"),
        ("[compat]\n  ember   =  false   # off\ncass = true\n", "[compat]\n  ember   =  true   # off\ncass = true\n"),
        ("[compat]\nember = true\n", "[compat]\nember = true\n"),
        ("compat.cass = true\n", "compat.cass = true\ncompat.ember = true\n"),
        ("compat.ember = false\n", "compat.ember = true\n"),
        ("compat = { cass = true } # c\n", "compat = { ember = true, cass = true } # c\n"),
        ("compat = {}\n", "compat = { ember = true }\n"),
        ("compat = { ember = false, cass = true }\n", "compat = { ember = true, cass = true }\n"),
        ("[compat]\n\"ember\" = false\n", "[compat]\n\"ember\" = true\n"),
        ("[model]\r\nkeep_alive = 5\r\n", "[model]\r\nkeep_alive = 5\r\n\r\n[compat]\r\nember = true\r\n"),
        ("# größe 😀\n[compat] # ä\nember = false # ö\n", "# größe 😀\n[compat] # ä\nember = true # ö\n"),
    ])
    func oneSwitchIsSet(before: String, after: String) throws {
        let file = ConfigurationFile(path: "config.toml", text: before)
        let edited = try file.setting("compat.ember", to: true)
        #expect(String(decoding: edited.text, as: UTF8.self) == after)
        let off = try edited.setting("compat.ember", to: false)
        #expect(try EffectiveConfiguration(file: off).configuration.compat.ember == false)
        #expect(String(decoding: try off.setting("compat.ember", to: true).text, as: UTF8.self) == after)
    }

    @Test func aFileWithMistakesIsLeftAlone() {
        let file = ConfigurationFile(path: "config.toml", text: "[compat]\nembr = true\n")
        #expect(throws: ConfigurationError.self) { try file.setting("compat.ember", to: true) }
        let number = ConfigurationFile(path: "config.toml", text: "")
        #expect(throws: ConfigurationError.self) { try number.setting("compat.twilog_port", to: true) }
    }

    @Test func theFileIsReplacedWholeAndLinksStay() throws {
        let folder = TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let path = folder.path + "/a/config.toml"
        try ConfigurationFile(path: path, text: "[compat]\n").save()
        #expect(readText(path) == "[compat]\n")
        chmod(path, 0o640)
        let link = folder.path + "/link.toml"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
        try ConfigurationFile(path: link, text: "[model]\n").save()
        #expect(readText(path) == "[model]\n")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == path)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o640)
        #expect(names(in: folder.path + "/a") == ["config.toml"])
    }
}
