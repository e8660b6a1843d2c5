// SPDX-License-Identifier: Apache-2.0
//
// The clients of other tools, byte for byte as they were recorded, meet the
// daemon of today: the same answers, but for what differs from run to run.

import Foundation
import JSON
import Testing

@Suite(.enabled(if: TestHome.isPrepared)) struct RecordedClientsTests {
    @Test func ember() throws {
        let home = try TestHome(frontEnds: "ember = true")
        try home.start(with: "ember")
        try replay(Conversation("ember", .lines)) { try RawConnection(home.emberSocket) }
    }

    @Test func cass() throws {
        let home = try TestHome(frontEnds: "cass = true")
        try home.start(with: "cass")
        try replay(Conversation("cass", .lengths)) { try RawConnection(home.cassSocket) }
    }

    @Test func twilog() throws {
        let port = try freePort()
        let home = try TestHome(
            frontEnds: """
                twilog = true
                twilog_port = \(port)
                twilog_model = "sentence-transformers/all-MiniLM-L6-v2"
                """)
        try home.start(with: "twilog")
        try replay(Conversation("twilog", .webSocket)) { try RawConnection(port: port) }
        withExtendedLifetime(home) {}
    }

    @Test func mozart() throws {
        let home = try TestHome(frontEnds: "mozart = true")
        home.write("name: greeting\nsteps:\n  - id: hello\n    run: echo hello\n", to: "greeting.yaml")
        home.write("name: score\nsheet:\n  size: 1\n  total_items: 3\nprompt:\n  template: hi\n", to: "score.yaml")
        try home.start(with: "mozart")
        try replay(Conversation("mozart", .lines, replacing: ["WORK": home.path])) {
            try RawConnection(home.mozartSocket)
        }
    }

    // MARK: - Replaying

    private func replay(_ conversation: Conversation, over connect: () throws -> RawConnection) throws {
        #expect(!conversation.connections.isEmpty)
        for recorded in conversation.connections {
            var differences = try replay(recorded, conversation.framing, over: connect())
            for _ in 0..<30_000 where recorded.isRepeated && !differences.isEmpty {
                usleep(10_000)
                differences = try replay(recorded, conversation.framing, over: connect())
            }
            #expect(differences.isEmpty)
        }
    }

    /// What is not as it was.
    private func replay(
        _ recorded: Conversation.Connection, _ framing: Conversation.Framing, over connection: RawConnection
    ) throws -> [String] {
        var differences: [String] = []
        for exchange in recorded.exchanges {
            connection.send(exchange.sent)
            let answer = framing.receive(connection, like: exchange.received)
            guard let before = try framing.value(exchange.received), let now = try? framing.value(answer) else {
                if answer != exchange.received {
                    differences.append("\(String(decoding: answer, as: UTF8.self)), where bytes are compared")
                }
                continue
            }
            differences += Comparison(varying: exchange.varying).differences(before, now, at: [])
        }
        if recorded.serverCloses, !connection.receive(bytes: 1).isEmpty { differences.append("it goes on") }
        return differences
    }
}

/// Two messages are the same when they have the same members of the same kinds, the same values where these do not
/// vary, and vectors of the same direction.
private struct Comparison {
    let varying: Set<String>

    func differences(_ before: JSONValue, _ now: JSONValue, at path: [String]) -> [String] {
        let place = path.joined(separator: ".")
        let difference = ["\(place): \(now), not \(before)"]
        switch (before, now) {
        case (.object(let before), .object(let now)):
            guard before.members.map(\.key) == now.members.map(\.key) else { return difference }
            return zip(before.members, now.members).flatMap { differences($0.value, $1.value, at: path + [$0.key]) }
        case (.array(let before), .array(let now)):
            guard before.count == now.count else { return difference }
            if let before = vector(before), let now = vector(now) { return isAlike(before, now) ? [] : difference }
            return zip(before, now).enumerated().flatMap {
                differences($1.0, $1.1, at: path + [String($0)])
            }
        case (.string(let before), .string(let now)) where path.last == "vector":
            guard let before = tensor(before), let now = tensor(now) else { return difference }
            return isAlike(before, now) ? [] : difference
        case (.integer, .integer), (.number, .number), (.string, .string):
            return before == now || varying.contains(place) ? [] : difference
        default: return before == now ? [] : difference
        }
    }

    /// Numbers that all look like floats.
    private func vector(_ elements: [JSONValue]) -> [Double]? {
        let numbers = elements.compactMap { if case .number(let value) = $0 { value } else { nil } }
        return numbers.count == elements.count && numbers.count > 1 ? numbers : nil
    }

    /// The numbers of a safetensors file with one tensor of the shape [1, n].
    private func tensor(_ base64: String) -> [Double]? {
        guard let bytes = Data(base64Encoded: base64), bytes.count > 8 else { return nil }
        let start = 8 + bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard start < bytes.count, let header = try? JSONValue(parsing: Array(bytes[8..<start])),
            header["vector"]?["dtype"] == "F32",
            header["vector"]?["shape"] == [1, .integer(Int64((bytes.count - start) / 4))]
        else { return nil }
        return stride(from: start, to: bytes.count, by: 4).map { offset in
            Double(
                Float(bitPattern: bytes[offset..<(offset + 4)].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }))
        }
    }

    /// Unit vectors whose cosine says that the same model made them of the same text, in whatever precision.
    private func isAlike(_ before: [Double], _ now: [Double]) -> Bool {
        guard before.count == now.count else { return false }
        let length = now.reduce(0) { $0 + $1 * $1 }
        return abs(length - 1) < 1e-3 && zip(before, now).reduce(0) { $0 + $1.0 * $1.1 } > 0.99
    }
}
