// SPDX-License-Identifier: Apache-2.0
//
// A socket without any client library, for what no client would send, or one
// that is not here.

import Foundation
import JSON
import TestSupport
import Testing

final class RawConnection {
    private let descriptor: Int32
    private var unread: [UInt8] = []

    /// - Parameter isPatient: false to fail where the other side has no room for one more at this moment.
    init(_ path: String, isPatient: Bool = true) throws {
        signal(SIGPIPE, SIG_IGN)
        descriptor = socket(AF_UNIX, streamSocket, 0)
        let flags = fcntl(descriptor, F_GETFL)
        if !isPatient { _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) }
        defer { _ = fcntl(descriptor, F_SETFL, flags) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(result == 0, "connect \(path): \(String(cString: strerror(errno)))")
    }

    init(port: Int) throws {
        signal(SIGPIPE, SIG_IGN)
        descriptor = Self.connected(to: port)
        try #require(descriptor >= 0, "connect to port \(port): \(String(cString: strerror(errno)))")
    }

    /// - Parameter descriptor: of a connected socket, which is closed with this.
    init(descriptor: Int32) { self.descriptor = descriptor }

    static func isServed(port: Int) -> Bool {
        let descriptor = connected(to: port)
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }

    private static func connected(to port: Int) -> Int32 {
        let descriptor = socket(AF_INET, streamSocket, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result == 0 { return descriptor }
        close(descriptor)
        return -1
    }

    deinit { close(descriptor) }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// Sends everything, or as much as the daemon takes before it hangs up.
    func send(_ bytes: [UInt8]) {
        var start = 0
        while start < bytes.count {
            let sent = bytes[start...].withUnsafeBytes {
                write(descriptor, $0.baseAddress, $0.count)
            }
            if sent <= 0 { return }
            start += sent
        }
    }

    func stopSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The next line as JSON; nil when the daemon hung up.
    func receive() throws -> JSONValue? {
        while true {
            if let newline = unread.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(unread[..<newline])
                unread.removeFirst(newline + 1)
                return try JSONValue(parsing: line)
            }
            guard fill() else { return nil }
        }
    }

    func receive(bytes count: Int) -> [UInt8] {
        while unread.count < count, fill() {}
        defer { unread.removeFirst(min(count, unread.count)) }
        return Array(unread.prefix(count))
    }

    /// Everything up to `end`, which is part of it; less when the other side hung up.
    func receive(until end: [UInt8]) -> [UInt8] {
        var count = end.count
        while true {
            while count <= unread.count {
                if unread[..<count].suffix(end.count).elementsEqual(end) { return receive(bytes: count) }
                count += 1
            }
            guard fill() else { return receive(bytes: unread.count) }
        }
    }

    private func fill() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(descriptor, &chunk, chunk.count)
        if count > 0 { unread += chunk[..<count] }
        return count > 0
    }

    func call(_ method: String, _ parameters: JSONValue = .object([:]), id: Int = 1) throws -> JSONValue {
        send(
            JSONValue.object([
                "jsonrpc": "2.0", "id": .integer(Int64(id)), "method": .string(method), "params": parameters,
            ]).description + "\n")
        return try #require(try receive())
    }
}

// MARK: - WebSockets

extension RawConnection {
    /// The client's handshake, whatever the answer.
    func upgrade() {
        send(
            "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        _ = receive(until: Array("\r\n\r\n".utf8))
    }

    /// A text of fewer than 126 bytes, masked with zeros.
    func send(text: String) { send([0x81, 0x80 | UInt8(text.utf8.count), 0, 0, 0, 0] + Array(text.utf8)) }

    /// The next text of fewer than 126 bytes.
    func receiveText() -> [UInt8] {
        let head = receive(bytes: 2)
        return head.count == 2 ? receive(bytes: Int(head[1])) : []
    }
}
