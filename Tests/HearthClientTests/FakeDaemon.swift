// SPDX-License-Identifier: Apache-2.0
//
// A daemon that does what a test says: it listens where the client looks and
// runs a function for every connection.

import JSON
import Synchronization
import TestSupport
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class FakeDaemon: Sendable {
    let home: TemporaryHome
    private let listener: Int32
    /// False once the accepting thread has closed the listener, whose number may be another file's from then on.
    private let isListening = Shared(true)
    private let connections = Atomic<Int>(0)

    /// How many clients have connected.
    var connectionCount: Int { connections.load(ordering: .acquiring) }

    /// - Parameters:
    ///   - accepts: false for a daemon that listens but is stuck.
    ///   - serve: talks with one client; the connection is closed when it returns.
    init(
        home: TemporaryHome = TemporaryHome(), backlog: Int32 = 256, accepts: Bool = true,
        _ serve: @escaping @Sendable (FakeConnection, _ number: Int) -> Void
    ) {
        self.home = home
        listener = socket(AF_UNIX, streamSocket, 0)
        _ = fcntl(listener, F_SETFD, FD_CLOEXEC)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "\(home.path)/run/hearth.sock".utf8) }
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = bind(listener, address, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        listen(listener, backlog)
        guard accepts else { return }
        startThread { [listener, isListening, weak self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { break }
                guard let number = self?.connections.add(1, ordering: .acquiringAndReleasing).oldValue else {
                    close(client)
                    break
                }
                startThread {
                    serve(FakeConnection(client), number)
                    shutdown(client, Int32(SHUT_RDWR))
                    close(client)
                }
            }
            isListening.value.withLock { isListening in
                isListening = false
                close(listener)
            }
        }
    }

    deinit { isListening.value.withLock { if $0 { shutdown(listener, Int32(SHUT_RDWR)) } } }

    private final class Shared: Sendable {
        let value: Mutex<Bool>
        init(_ value: Bool) { self.value = Mutex(value) }
    }

    /// Serves every call with one function, until the client goes.
    static func answering(
        home: TemporaryHome = TemporaryHome(), _ answer: @escaping @Sendable (FakeConnection, Call, JSONValue) -> Void
    ) -> FakeDaemon {
        FakeDaemon(home: home) { connection, _ in
            while let (call, id) = connection.nextCall() { answer(connection, call, id) }
        }
    }
}

/// One client as the fake daemon sees it.
final class FakeConnection {
    private let descriptor: Int32
    private var received: [UInt8] = []

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        #if canImport(Darwin)
            var isOn: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &isOn, socklen_t(MemoryLayout<Int32>.size))
        #endif
    }

    /// The next request; nil when the client has gone.
    func nextCall() -> (Call, id: JSONValue)? {
        var chunk = [UInt8](repeating: 0, count: 65536)
        var scanned = 0
        while true {
            if let end = received[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(received[..<end])
                received.removeFirst(end + 1)
                guard let json = try? JSONValue(parsing: line), case .success(let call) = Call.read(json),
                    let id = call.id
                else { return nil }
                return (call, id.value)
            }
            scanned = received.count
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            received += chunk[..<count]
        }
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        #if canImport(Darwin)
            let flags: Int32 = 0
        #else
            let flags = Int32(MSG_NOSIGNAL)
        #endif
        var sent = 0
        while sent < bytes.count {
            #if canImport(Darwin)
                let count = bytes[sent...].withUnsafeBytes { Darwin.send(descriptor, $0.baseAddress, $0.count, flags) }
            #else
                let count = bytes[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) }
            #endif
            guard count > 0 else { return }
            sent += count
        }
    }

    func reply(_ id: JSONValue, _ result: JSONValue) {
        send(FakeConnection.reply(id, result))
    }

    func refuse(_ id: JSONValue, _ error: WireError) {
        send("\(["jsonrpc": "2.0", "id": id, "error": error.json] as JSONValue)\n")
    }

    static func reply(_ id: JSONValue, _ result: JSONValue) -> [UInt8] {
        Array("\(["jsonrpc": "2.0", "id": id, "result": result] as JSONValue)\n".utf8)
    }

    /// The reply to `embed`: a vector [length of the text, 0.5] for each.
    static func embedding(_ id: JSONValue, _ texts: [String], truncated: [JSONValue] = []) -> [UInt8] {
        let floats: [Float] = texts.flatMap { text in [Float(text.utf8.count), 0.5] }
        let line: JSONValue = [
            "jsonrpc": "2.0", "id": id,
            "result": [
                "model": "fake", "space_id": "space", "dimensions": 2,
                "usage": ["tokens": .integer(Int64(texts.count))],
                "truncated": .array(truncated),
                "timing": ["queue_ms": 0.25, "tokenize_ms": 0.5, "inference_ms": 1.5],
            ],
            "attachments": [
                [
                    "name": "embeddings", "bytes": .integer(Int64(floats.count * 4)), "dtype": "f32",
                    "shape": [.integer(Int64(texts.count)), 2],
                ]
            ],
        ]
        return Array("\(line)\n".utf8) + floats.withUnsafeBytes(Array.init)
    }
}

extension Call {
    /// The texts of a request for embeddings.
    var texts: [String] { (parameters["input"]?.array ?? []).compactMap(\.string) }
}
