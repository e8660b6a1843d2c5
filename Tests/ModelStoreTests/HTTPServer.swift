// SPDX-License-Identifier: Apache-2.0
//
// A tiny blocking HTTP/1.1 server on 127.0.0.1 for tests: a port of its own, a
// thread per connection, one request per connection.

import Synchronization
import TestSupport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct HTTPRequest: Sendable {
    let method: String
    /// Path and query as sent.
    let path: String
    /// Names in lower case.
    let headers: [String: String]
}

struct HTTPResponse: Sendable {
    var status = 200
    var headers: [String: String] = [:]
    var body: [UInt8] = []
    /// The connection is closed after so many bytes of the body, though the header promised all.
    var cutAfter: Int?
    /// Called when half of the body is sent, before the rest is.
    var atHalf: (@Sendable () -> Void)?
}

final class HTTPServer: Sendable {
    let port: UInt16
    private let listener: Listener

    var origin: String { "http://127.0.0.1:\(port)" }

    /// Where nobody answers. No server is ever given this port, as it may be one that was only let go of.
    static let goneOrigin = "http://127.0.0.1:1"

    init(_ respond: @escaping @Sendable (HTTPRequest) -> HTTPResponse) {
        let listener = socket(AF_INET, streamSocket, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        precondition(bound, "no port for a test server")
        _ = fcntl(listener, F_SETFD, FD_CLOEXEC)
        port = UInt16(bigEndian: address.sin_port)
        self.listener = Listener(listener)
        startThread { [listener = self.listener] in
            while let connection = listener.next() {
                startThread {
                    Self.serve(connection, respond)
                    close(connection)
                }
            }
        }
    }

    deinit { listener.stop() }

    /// Closed once, by the thread that accepts: a second close, or one while it accepts, would hit whichever file of
    /// another test has the number by then.
    private final class Listener: Sendable {
        private let descriptor: Int32
        private let isOpen = Mutex(true)

        init(_ descriptor: Int32) { self.descriptor = descriptor }

        func stop() {
            isOpen.withLock { if $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } }
        }

        /// The next connection; nil, for ever, once stopped.
        func next() -> Int32? {
            while true {
                let connection = accept(descriptor, nil, nil)
                if connection >= 0 {
                    _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                    return connection
                }
                if errno == EINTR || errno == ECONNABORTED { continue }
                isOpen.withLock { isOpen in
                    isOpen = false
                    close(descriptor)
                }
                return nil
            }
        }
    }

    private static func serve(_ connection: Int32, _ respond: (HTTPRequest) -> HTTPResponse) {
        guard let request = readRequest(connection) else { return }
        let response = respond(request)
        var head = "HTTP/1.1 \(response.status) Whatever\r\nConnection: close\r\n"
        for (name, value) in response.headers { head += "\(name): \(value)\r\n" }
        if response.headers["Content-Length"] == nil { head += "Content-Length: \(response.body.count)\r\n" }
        send(Array("\(head)\r\n".utf8), to: connection)
        guard request.method != "HEAD" else { return }
        let body = response.body.prefix(response.cutAfter ?? .max)
        let half = response.atHalf == nil ? 0 : body.count / 2
        send(Array(body.prefix(half)), to: connection)
        response.atHalf?()
        send(Array(body.dropFirst(half)), to: connection)
    }

    private static func readRequest(_ connection: Int32) -> HTTPRequest? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            let count = read(connection, &buffer, buffer.count)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        let parts = lines[0].split(separator: " ")
        guard parts.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        return HTTPRequest(method: String(parts[0]), path: String(parts[1]), headers: headers)
    }

    private static func send(_ bytes: [UInt8], to connection: Int32) {
        var sent = 0
        while sent < bytes.count {
            #if canImport(Glibc)
                let flags = Int32(MSG_NOSIGNAL)
            #else
                let flags: Int32 = 0
            #endif
            let count = bytes.withUnsafeBytes { data in
                sendData(connection, data.baseAddress?.advanced(by: sent), bytes.count - sent, flags)
            }
            guard count > 0 else { return }
            sent += count
        }
    }
}

private func sendData(_ connection: Int32, _ data: UnsafeRawPointer?, _ count: Int, _ flags: Int32) -> Int {
    send(connection, data, count, flags)
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func startThread(_ body: @escaping @Sendable () -> Void) {
    let argument = Unmanaged.passRetained(ThreadBody(body)).toOpaque()
    #if canImport(Darwin)
        var thread: pthread_t?
        pthread_create(
            &thread, nil,
            {
                Unmanaged<ThreadBody>.fromOpaque($0).takeRetainedValue().run(); return nil
            }, argument)
        if let thread { pthread_detach(thread) }
    #else
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, argument)
        pthread_detach(thread)
    #endif
}
