// SPDX-License-Identifier: Apache-2.0
//
// A socket without any client library, for what no client would send, or one
// that is not here.

import Foundation
import JSON
import Testing

final class RawConnection {
    private let descriptor: Int32
    private var unread: [UInt8] = []

    init(_ path: String) throws {
        signal(SIGPIPE, SIG_IGN)
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
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
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0, "connect to port \(port): \(String(cString: strerror(errno)))")
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
