// SPDX-License-Identifier: Apache-2.0
//
// Sets one switch in config.toml and leaves every other byte as it is, comments
// included. What comes out is read again before anyone gets it.

import TOML

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension ConfigurationFile {
    /// The file with `key` set to `value`.
    /// - Parameter key: of a setting that is true or false, in a table of one name: "compat.ember".
    /// - Throws: what is wrong with the file; also where it is written in a way that this cannot change.
    public func setting(_ key: String, to value: Bool) throws(ConfigurationError) -> ConfigurationFile {
        let before = try EffectiveConfiguration(file: self)
        guard let setting = Setting.named(key), setting.type == .boolean, setting.path.count == 2 else {
            throw refusal("'\(key)' is no switch")
        }
        var lines = Lines(text)
        let table = (try? TOMLTable(parsing: text)) ?? TOMLTable([])
        lines.set(setting.path[0], setting.path[1], to: "\(value)", in: table)
        let edited = ConfigurationFile(path: path, text: lines.text)
        let after = try? EffectiveConfiguration(file: edited)
        let changed = after.map { changes(from: before.configuration, to: $0.configuration).map(\.key) }
        guard let after, after[key]?.value == .boolean(value), changed == [] || changed == [key] else {
            throw refusal("set \(key) = \(value) by hand: the file is written in a way that this command cannot change")
        }
        return edited
    }

    private func refusal(_ reason: String) -> ConfigurationError {
        ConfigurationError(problems: [.init(.file(path: path, line: nil), reason)])
    }

    /// Puts the file in place of the one at its path, whole. A symbolic link stays, and leads to the new one.
    public func save() throws(ConfigurationError) {
        var target = path
        if let resolved = realpath(path, nil) {
            target = String(cString: resolved)
            free(resolved)
        }
        if let slash = target.lastIndex(of: "/"), slash > target.startIndex {
            try makeFolder(String(target[..<slash]))
        }
        var status = stat()
        let mode = stat(target, &status) == 0 ? status.st_mode & 0o777 : 0o600
        let temporary = "\(target).\(getpid()).tmp"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw failure("cannot write '\(temporary)'") }
        var isWritten = fchmod(file, mode) == 0
        var rest = text[...]
        while isWritten, !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            isWritten = count > 0
            rest = rest.dropFirst(max(0, count))
        }
        isWritten = isWritten && fsync(file) == 0
        let reason = errno
        close(file)
        guard isWritten, rename(temporary, target) == 0 else {
            errno = isWritten ? errno : reason
            defer { unlink(temporary) }
            throw failure("cannot write '\(target)'")
        }
    }

    private func makeFolder(_ folder: String) throws(ConfigurationError) {
        if access(folder, F_OK) == 0 { return }
        if let slash = folder.lastIndex(of: "/"), slash > folder.startIndex {
            try makeFolder(String(folder[..<slash]))
        }
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw failure("cannot create '\(folder)'") }
    }

    private func failure(_ what: String) -> ConfigurationError {
        refusal("\(what): \(String(cString: strerror(errno)))")
    }
}

/// A text by its lines, each with its end.
private struct Lines {
    private var lines: [String]

    init(_ text: [UInt8]) {
        var lines: [[UInt8]] = [[]]
        for byte in text {
            lines[lines.count - 1].append(byte)
            if byte == UInt8(ascii: "\n") { lines.append([]) }
        }
        self.lines = lines.map { String(decoding: $0, as: UTF8.self) }
    }

    var text: [UInt8] { lines.flatMap { Array($0.utf8) } }

    mutating func set(_ table: String, _ name: String, to value: String, in document: TOMLTable) {
        guard let owner = document.members.first(where: { $0.key == table }), case .table(let members) = owner.value
        else { return append("[\(table)]", "\(name) = \(value)") }
        if let member = members.members.first(where: { $0.key == name }) {
            return replace(value, at: member.place)
        }
        let line = owner.place.line - 1
        let start = lines[line].drop { $0 == " " || $0 == "\t" }
        if start.hasPrefix("[") {
            insert("\(name) = \(value)", after: line)
        } else if let brace = lines[line].firstIndex(of: "{") {
            let isEmpty = members.members.isEmpty
            lines[line].insert(
                contentsOf: " \(name) = \(value)\(isEmpty ? " " : ",")", at: lines[line].index(after: brace))
        } else {
            insert("\(table).\(name) = \(value)", after: line)
        }
    }

    /// Replaces the word behind the equals sign.
    private mutating func replace(_ value: String, at place: TOMLPlace) {
        let line = place.line - 1
        let scalars = Array(lines[line].unicodeScalars)
        guard let equals = scalars[(place.column - 1)...].firstIndex(of: "=") else { return }
        let word = scalars[(equals + 1)...].firstIndex { $0 != " " && $0 != "\t" } ?? scalars.endIndex
        let end = scalars[word...].firstIndex { !("a"..."z").contains($0) } ?? scalars.endIndex
        var edited = String.UnicodeScalarView()
        edited.append(contentsOf: scalars[..<word])
        edited.append(contentsOf: value.unicodeScalars)
        edited.append(contentsOf: scalars[end...])
        lines[line] = String(edited)
    }

    private var ending: String { lines.first?.hasSuffix("\r\n") == true ? "\r\n" : "\n" }

    private mutating func insert(_ text: String, after line: Int) {
        if !lines[line].hasSuffix("\n"), !lines[line].hasSuffix("\r\n") { lines[line] += ending }
        lines.insert(text + ending, at: line + 1)
    }

    private mutating func append(_ texts: String...) {
        if let last = lines.last, last.isEmpty { lines.removeLast() }
        if !lines.isEmpty {
            let last = lines.count - 1
            if !lines[last].hasSuffix("\n"), !lines[last].hasSuffix("\r\n") { lines[last] += ending }
            let isBlank = lines[last].allSatisfy(\.isWhitespace)
            if !isBlank { lines.append(ending) }
        }
        lines += texts.map { $0 + ending }
    }
}
