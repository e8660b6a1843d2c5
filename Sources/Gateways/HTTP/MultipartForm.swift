// SPDX-License-Identifier: Apache-2.0
//
// A form with files, as HTTP sends it: multipart/form-data (RFC 7578 over RFC
// 2046 §5.1). Takes what clients send, and refuses what is only almost that.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct MultipartForm: Sendable {
    struct Part: Sendable, Equatable {
        var name: String
        /// As the client calls the file; nil for a field.
        var fileName: String?
        /// Shares the memory of the body.
        var content: ArraySlice<UInt8>
    }

    struct Malformed: Error, Equatable {
        let message: String
        init(_ message: String) { self.message = message }
    }

    static let maximumParts = 32
    /// Bytes of the headers of a part.
    static let maximumHead = 8 << 10
    /// Bytes of names.
    static let maximumName = 1 << 10

    let parts: [Part]

    /// - Parameter type: the Content-Type of the request.
    init(_ body: [UInt8], type: String?) throws(Malformed) {
        guard let type, let header = HeaderValue(type), header.value.lowercased() == "multipart/form-data" else {
            throw Malformed("the body must be multipart/form-data")
        }
        guard let boundary = header["boundary"], Self.isBoundary(boundary) else {
            throw Malformed("Content-Type must have a boundary of 1 to 70 characters")
        }
        try self.init(body, boundary: boundary)
    }

    init(_ body: [UInt8], boundary: String) throws(Malformed) {
        let delimiter = Array("\r\n--\(boundary)".utf8)
        guard body.starts(with: delimiter.dropFirst(2)) else {
            throw Malformed("the body must begin with its boundary")
        }
        var position = delimiter.count - 2
        var parts: [Part] = []
        while !Self.hasPrefix("--", body[position...]) {
            guard Self.hasPrefix("\r\n", body[position...]) else {
                throw Malformed("a boundary is not alone in its line")
            }
            position += 2
            guard let head = Self.find(Array("\r\n\r\n".utf8), in: body, from: position, atMost: Self.maximumHead)
            else {
                throw Malformed("the headers of a part do not end, or have more than \(Self.maximumHead) bytes")
            }
            guard let end = Self.find(delimiter, in: body, from: head + 4) else {
                throw Malformed("the body ends in the middle of a part")
            }
            guard parts.count < Self.maximumParts else {
                throw Malformed("a form may have \(Self.maximumParts) parts")
            }
            parts.append(try Self.part(head: body[position..<head], content: body[head + 4..<end]))
            position = end + delimiter.count
        }
        let rest = body[(position + 2)...]
        guard rest.isEmpty || rest.elementsEqual([13, 10]) else {
            throw Malformed("there is something behind the form")
        }
        self.parts = parts
    }

    /// The one part of a name; nil where there is none.
    /// - Throws: where there are several.
    func part(_ name: String) throws(Malformed) -> Part? {
        let found = parts.filter { $0.name == name }
        guard found.count < 2 else { throw Malformed("'\(name)' is there \(found.count) times") }
        return found.first
    }

    /// A field's text; nil where there is none.
    func text(_ name: String) throws(Malformed) -> String? {
        guard let part = try part(name) else { return nil }
        guard part.content.count <= Self.maximumName, let text = String(validating: part.content, as: UTF8.self) else {
            throw Malformed("'\(name)' must be a short text in UTF-8")
        }
        return text
    }

    // MARK: Parts

    private static func part(head: ArraySlice<UInt8>, content: ArraySlice<UInt8>) throws(Malformed) -> Part {
        guard let text = String(validating: head, as: UTF8.self) else {
            throw Malformed("the headers of a part are not UTF-8")
        }
        var disposition: HeaderValue?
        for line in text.split(separator: "\r\n", omittingEmptySubsequences: false) {
            guard let colon = line.firstIndex(of: ":"), !line.unicodeScalars.contains(where: \.isControl) else {
                throw Malformed("the headers of a part are wrong")
            }
            let value = line[line.index(after: colon)...]
            switch line[..<colon].lowercased() {
            case "content-disposition":
                guard disposition == nil, let header = HeaderValue(String(value)) else {
                    throw Malformed("Content-Disposition of a part is wrong")
                }
                disposition = header
            case "content-transfer-encoding":
                let encoding = value.unicodeScalars.trimmed.lowercased()
                guard ["7bit", "8bit", "binary"].contains(encoding) else {
                    throw Malformed("a part is in '\(encoding)'; send it as it is")
                }
            default: break
            }
        }
        guard let disposition, disposition.value.lowercased() == "form-data", let name = disposition["name"] else {
            throw Malformed("every part must have a Content-Disposition: form-data with a name")
        }
        let fileName = disposition["filename"]
        guard name.utf8.count <= maximumName, (fileName?.utf8.count ?? 0) <= maximumName else {
            throw Malformed("names may have \(maximumName) bytes")
        }
        return Part(name: name, fileName: fileName, content: content)
    }

    // MARK: Bytes

    private static func isBoundary(_ text: String) -> Bool {
        (1...70).contains(text.utf8.count) && !text.hasSuffix(" ")
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"):
                    true
                default: "'()+_,-./:=? ".utf8.contains(byte)
                }
            }
    }

    private static func hasPrefix(_ text: String, _ bytes: ArraySlice<UInt8>) -> Bool { bytes.starts(with: text.utf8) }

    /// Where a pattern that begins with a carriage return is found.
    private static func find(
        _ pattern: [UInt8], in body: [UInt8], from start: Int, atMost limit: Int = .max
    ) -> Int? {
        body.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            // Behind the last place where it could begin.
            let end = min(bytes.count - pattern.count + 1, limit == .max ? .max : start + limit)
            var position = start
            while position < end, let hit = memchr(base + position, 13, end - position) {
                let place = UnsafeRawPointer(hit) - base
                if memcmp(base + place, pattern, pattern.count) == 0 { return place }
                position = place + 1
            }
            return nil
        }
    }
}

/// A header's value with its parameters: `form-data; name="file"; filename="a.jsonl"`. Read by scalars, because a
/// combining mark behind a quote would make another character of it.
private struct HeaderValue {
    private typealias Text = Substring.UnicodeScalarView

    let value: String
    private var parameters: [String: String] = [:]

    /// Nil where it is none, or has a parameter twice.
    init?(_ text: String) {
        var rest = Substring(text).unicodeScalars
        value = rest.prefix { $0 != ";" }.trimmed
        rest = rest.drop { $0 != ";" }
        while rest.first == ";" {
            rest = rest.dropFirst()
            let name = rest.prefix { $0 != "=" && $0 != ";" }
            rest = rest.dropFirst(name.count)
            guard rest.first == "=", let text = Self.value(&rest) else { return nil }
            guard parameters.updateValue(text, forKey: name.trimmed.lowercased()) == nil else { return nil }
            rest = rest.drop(while: \.isBlank)
        }
        if !rest.isEmpty { return nil }
    }

    subscript(name: String) -> String? { parameters[name] }

    /// Moves behind the value that follows an equals sign. In quotes, `\"` and `\\` stand for themselves; other
    /// backslashes do too, as browsers send them.
    private static func value(_ rest: inout Text) -> String? {
        rest = rest.dropFirst().drop(while: \.isBlank)
        guard rest.first == "\"" else {
            let token = rest.prefix { $0 != ";" && !$0.isBlank }
            rest = rest.dropFirst(token.count)
            return token.isEmpty || token.contains("\"") ? nil : String(String.UnicodeScalarView(token))
        }
        rest = rest.dropFirst()
        var text = String.UnicodeScalarView()
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"": return String(text)
            case "\\" where rest.first == "\"" || rest.first == "\\": text.append(rest.removeFirst())
            default: text.append(scalar)
            }
        }
        return nil
    }
}

extension Substring.UnicodeScalarView {
    fileprivate var trimmed: String {
        var text = drop(while: \.isBlank)
        while text.last?.isBlank == true { text.removeLast() }
        return String(String.UnicodeScalarView(text))
    }
}

extension Unicode.Scalar {
    fileprivate var isBlank: Bool { self == " " || self == "\t" }
    fileprivate var isControl: Bool { value < 0x20 && value != 0x09 || value == 0x7F }
}
