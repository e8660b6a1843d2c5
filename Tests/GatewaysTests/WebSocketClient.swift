// SPDX-License-Identifier: Apache-2.0
//
// As much of a WebSocket's client as tests need, good manners optional.

import JSON
import NIOHTTP1
import Testing

final class WebSocketClient {
    enum Opcode: UInt8 {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10
    }

    struct Frame {
        var opcode: Opcode?
        var payload: [UInt8]
        var json: JSONValue { (try? JSONValue(parsing: payload)) ?? .null }
        /// Of a close frame.
        var code: Int? { payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil }
    }

    let raw: RawClient
    /// The answer to the handshake.
    let answer: RawClient.Answer

    /// - Parameter early: bytes that follow the handshake at once.
    init(_ port: Int, headers: String = "", early: [UInt8] = []) throws {
        raw = try RawClient(port)
        raw.send(Array(Self.handshake(headers).utf8) + early)
        answer = try #require(raw.receive())
    }

    static func handshake(_ headers: String = "") -> String {
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\(headers)\r\n"
    }

    static func bytes(
        _ opcode: Opcode, _ payload: [UInt8], isLast: Bool = true, masks: Bool = true, reserved: UInt8 = 0
    ) -> [UInt8] {
        var bytes = [(isLast ? 0x80 : 0) | reserved | opcode.rawValue]
        let mark: UInt8 = masks ? 0x80 : 0
        switch payload.count {
        case ..<126: bytes.append(mark | UInt8(payload.count))
        case ..<65536: bytes += [mark | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        default: bytes += [mark | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        guard masks else { return bytes + payload }
        let key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
        return bytes + key + payload.enumerated().map { $1 ^ key[$0 % 4] }
    }

    func send(_ opcode: Opcode, _ payload: [UInt8], isLast: Bool = true, masks: Bool = true, reserved: UInt8 = 0) {
        raw.send(Self.bytes(opcode, payload, isLast: isLast, masks: masks, reserved: reserved))
    }

    func send(_ json: JSONValue) { send(.text, json.encoded()) }

    func receive() -> Frame? {
        let head = raw.take(2)
        guard head.count == 2 else { return nil }
        var length = Int(head[1] & 0x7F)
        if length >= 126 { length = raw.take(length == 126 ? 2 : 8).reduce(0) { $0 << 8 | Int($1) } }
        return Frame(opcode: Opcode(rawValue: head[0] & 0x0F), payload: raw.take(length))
    }

    func call(_ method: String, _ parameters: JSONValue = .object([:]), id: Int = 1) -> JSONValue {
        send(["jsonrpc": "2.0", "id": .integer(Int64(id)), "method": .string(method), "params": parameters])
        return receive()?.json ?? .null
    }
}
