// SPDX-License-Identifier: Apache-2.0
//
// `embed_server.py start`, which listens itself until the daemon that it
// started has reported, and then leaves the port to it.

import Foundation
import JSON
import TestSupport
import Testing

@Suite(.enabled(if: TestHome.isPrepared)) struct TwilogStartTests {
    @Test func theDaemonReportsAndTakesThePortOver() throws {
        let home = try home()
        let (reports, daemon) = try start(home, model: "sentence-transformers/all-MiniLM-L6-v2")
        defer { if daemon.isRunning { daemon.terminate() } }
        #expect(reports.last == ["type": "init_completed"])
        #expect(reports.dropLast().allSatisfy { $0["type"] == "progress" })
        #expect(reports.first?["message"] == "サーバー種類: EmbedServer")
        #expect(reports.dropLast().last?["message"]?.string?.hasPrefix("全初期化完了 (合計: ") == true)
        try wait("the daemon") { RawConnection.isServed(port: home.port) }
        let connection = try RawConnection(port: home.port)
        connection.upgrade()
        connection.send(text: #"{"jsonrpc":"2.0","id":1,"method":"check_init"}"#)
        let answer = try JSONValue(parsing: connection.receiveText())
        #expect(answer["result"]?["status"]?.string?.hasPrefix("init_") == true)
        #expect(daemon.isRunning)
    }

    @Test func aDaemonThatCannotStartSaysWhy() throws {
        let home = try home()
        let (reports, daemon) = try start(home, model: "no/such-model")
        daemon.waitUntilExit()
        #expect(daemon.terminationStatus == 1)
        #expect(reports.last?["type"] == "init_error")
        #expect(reports.last?["error"]?.string?.contains("no/such-model") == true)
    }

    // MARK: - The front

    private struct Home {
        let home: TestHome
        let port: Int
    }

    private func home() throws -> Home {
        let port = try freePort()
        return Home(home: try TestHome(frontEnds: "twilog_port = \(port)"), port: port)
    }

    /// Runs the daemon as the front does.
    /// - Returns: what it reported, the last of which was answered with `ack` where it is to be.
    private func start(_ home: Home, model: String) throws -> (reports: [JSONValue], daemon: Process) {
        let front = try Listener(port: home.port)
        let daemon = Process()
        daemon.executableURL = URL(fileURLWithPath: TestHome.executable("hearthd"))
        daemon.arguments = ["_daemon", "-m", model]
        daemon.environment = home.home.environment()
        for stream in [\Process.standardInput, \.standardOutput, \.standardError] {
            daemon[keyPath: stream] = FileHandle.nullDevice
        }
        try daemon.run()
        var reports: [JSONValue] = []
        while reports.last?["type"] != "init_completed", reports.last?["type"] != "init_error" {
            let connection = try front.accept()
            reports.append(try connection.report())
            if reports.last?["type"] == "init_completed" {
                let ack = Array(#"{"type":"ack"}"#.utf8)
                connection.send([0x81, UInt8(ack.count)] + ack)
            }
        }
        return (reports, daemon)
    }
}

/// A listening port, until it goes.
private final class Listener {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, streamSocket, 0)
        var reuse: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 ? listen(descriptor, 16) : -1
            }
        }
        try #require(result == 0, "listen on \(port): \(String(cString: strerror(errno)))")
    }

    deinit { close(descriptor) }

    func accept() throws -> RawConnection {
        let connection = Foundation.accept(descriptor, nil, nil)
        try #require(connection >= 0)
        return RawConnection(descriptor: connection)
    }
}

extension RawConnection {
    /// The one message of a client that has upgraded the connection.
    fileprivate func report() throws -> JSONValue {
        let head = String(decoding: receive(until: Array("\r\n\r\n".utf8)), as: UTF8.self)
        let key = try #require(
            head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("sec-websocket-key: ") }?.dropFirst(19))
        send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: \(Self.acceptance(of: String(key)))\r\n\r\n")
        let start = receive(bytes: 2)
        try #require(start.count == 2 && start[0] == 0x81 && start[1] & 0x80 != 0)
        var count = Int(start[1] & 0x7F)
        if count == 126 { count = receive(bytes: 2).reduce(0) { $0 << 8 | Int($1) } }
        let mask = receive(bytes: 4)
        return try JSONValue(parsing: receive(bytes: count).enumerated().map { $1 ^ mask[$0 % 4] })
    }
}

extension RawConnection {
    /// What proves that a server has understood the handshake (RFC 6455 §4.2.2).
    private static func acceptance(of key: String) -> String {
        Data(sha1(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))).base64EncodedString()
    }

    /// RFC 3174.
    private static func sha1(_ message: [UInt8]) -> [UInt8] {
        func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 { word << count | word >> (32 - count) }
        func bytes(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }
        let padding = [0x80] + [UInt8](repeating: 0, count: (119 - message.count % 64) % 64)
        let padded = message + padding + bytes(UInt64(message.count * 8))
        var hash: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
        for block in stride(from: 0, to: padded.count, by: 64) {
            var words = (0..<16).map { word in
                padded[(block + word * 4)..<(block + word * 4 + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            }
            for index in 16..<80 {
                words.append(rotate(words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16], 1))
            }
            var (a, b, c, d, e) = (hash[0], hash[1], hash[2], hash[3], hash[4])
            for index in 0..<80 {
                let (mix, constant): (UInt32, UInt32) =
                    switch index {
                    case ..<20: (b & c | ~b & d, 0x5A82_7999)
                    case ..<40: (b ^ c ^ d, 0x6ED9_EBA1)
                    case ..<60: (b & c | b & d | c & d, 0x8F1B_BCDC)
                    default: (b ^ c ^ d, 0xCA62_C1D6)
                    }
                (a, b, c, d, e) = (rotate(a, 5) &+ mix &+ e &+ constant &+ words[index], a, rotate(b, 30), c, d)
            }
            for (index, word) in [a, b, c, d, e].enumerated() { hash[index] &+= word }
        }
        return hash.flatMap(bytes)
    }
}
