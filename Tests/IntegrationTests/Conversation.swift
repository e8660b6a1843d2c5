// SPDX-License-Identifier: Apache-2.0
//
// What a client of another tool said, and what it was answered, as recorded
// with the client itself (Clients/conversations).

import Foundation
import JSON
import TestSupport
import Testing

struct Conversation {
    enum Framing {
        /// A line is a JSON value.
        case lines
        /// A frame is a length (u32, big-endian) and MessagePack.
        case lengths
        /// A handshake, then frames whose texts are JSON.
        case webSocket

        var isHexadecimal: Bool { self != .lines }
    }

    struct Exchange {
        var sent: [UInt8]
        var received: [UInt8] = []
        /// Paths of what differs from run to run.
        var varying: Set<String> = []
    }

    struct Connection {
        var exchanges: [Exchange] = []
        var serverCloses = false
        /// Whether the client would ask again until it is answered so.
        var isRepeated = false
    }

    let framing: Framing
    private(set) var connections: [Connection] = []

    /// - Parameter replacing: names of places that are written as `$NAME`.
    init(_ name: String, _ framing: Framing, replacing places: [String: String] = [:]) throws {
        self.framing = framing
        let path = repositoryFile("Tests/IntegrationTests/Clients/conversations/\(name).txt")
        var current: Connection?
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") where line.first != "#" {
            var connection = current ?? Connection()
            let last = connection.exchanges.count - 1
            switch line.prefix(2) {
            case "> ": connection.exchanges.append(Exchange(sent: bytes(line, places)))
            case "< ": connection.exchanges[last].received = bytes(line, places)
            case "~ ":
                connection.exchanges[last].varying = Set(line.dropFirst(2).split(separator: " ").map(String.init))
            default:
                switch line {
                case "until": connection.isRepeated = true
                case "server closes", "client closes":
                    connection.serverCloses = line == "server closes"
                    connections.append(connection)
                    current = nil
                    continue
                default: Issue.record("\(path): '\(line)'")
                }
            }
            current = connection
        }
    }

    private func bytes(_ line: Substring, _ places: [String: String]) -> [UInt8] {
        var text = String(line.dropFirst(2))
        if framing.isHexadecimal {
            let digits = Array(text.utf8).map { UInt8($0 < 0x40 ? $0 - 0x30 : $0 - 0x57) }
            return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        }
        for (name, place) in places { text = text.replacingOccurrences(of: "$\(name)", with: place) }
        return Array((text + "\n").utf8)
    }
}

// MARK: - Messages

extension Conversation.Framing {
    /// The next message; fewer bytes when the other side hangs up.
    func receive(_ connection: RawConnection, like recorded: [UInt8]) -> [UInt8] {
        switch self {
        case .lines: return connection.receive(until: [0x0A])
        case .lengths:
            let head = connection.receive(bytes: 4)
            return head + connection.receive(bytes: head.reduce(0) { $0 << 8 | Int($1) })
        case .webSocket:
            if recorded.starts(with: Array("HTTP/".utf8)) { return connection.receive(until: Array("\r\n\r\n".utf8)) }
            var head = connection.receive(bytes: 2)
            guard head.count == 2 else { return head }
            var count = Int(head[1])
            if count == 126 {
                head += connection.receive(bytes: 2)
                count = Int(head[2]) << 8 | Int(head[3])
            }
            return head + connection.receive(bytes: count)
        }
    }

    /// What a message says; nil for one that is only compared byte for byte.
    func value(_ message: [UInt8]) throws -> JSONValue? {
        switch self {
        case .lines: return try JSONValue(parsing: message)
        case .lengths:
            var reader = MessagePack(message.dropFirst(4))
            return try reader.value()
        case .webSocket:
            guard message.first == 0x81, let start = message.firstIndex(of: UInt8(ascii: "{")) else { return nil }
            return try JSONValue(parsing: Array(message[start...]))
        }
    }
}

/// Reads as much of MessagePack as cass's daemon writes.
struct MessagePack {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    private mutating func number(_ count: Int) -> Int {
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
    }

    private mutating func text(_ count: Int) -> JSONValue {
        defer { rest = rest.dropFirst(count) }
        return .string(String(decoding: rest.prefix(count), as: UTF8.self))
    }

    private mutating func array(_ count: Int) throws -> JSONValue {
        .array(try (0..<count).map { _ in try value() })
    }

    mutating func value() throws -> JSONValue {
        let next = rest.popFirst()
        let first = try #require(next)
        switch first {
        case 0x00...0x7F: return .integer(Int64(first))
        case 0x80...0x8F:
            var object = JSONObject()
            for _ in 0..<Int(first & 0x0F) {
                let key = try #require(try value().string)
                object[key] = try value()
            }
            return .object(object)
        case 0x90...0x9F: return try array(Int(first & 0x0F))
        case 0xA0...0xBF: return text(Int(first & 0x1F))
        case 0xC0: return .null
        case 0xC2, 0xC3: return .bool(first == 0xC3)
        case 0xCA: return .number(Double(Float(bitPattern: UInt32(number(4)))))
        case 0xCC...0xCF: return .integer(Int64(number(1 << Int(first - 0xCC))))
        case 0xD9: return text(number(1))
        case 0xDA: return text(number(2))
        case 0xDC: return try array(number(2))
        default: throw Unexpected(byte: first)
        }
    }

    struct Unexpected: Error {
        let byte: UInt8
    }
}
