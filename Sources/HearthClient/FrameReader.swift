// SPDX-License-Identifier: Apache-2.0
//
// Cuts what the daemon sends into messages: a line of JSON and, where the line
// announces them, raw bytes. Knows nothing of where the bytes come from.

import JSON
import WireProtocol

/// One message of the daemon.
struct Frame {
    var json: JSONValue
    var attachments: [Attachment] = []
}

struct FrameReader {
    /// Received bytes are `storage[start..<end]`; what is behind is room for more.
    private var storage = [UInt8](repeating: 0, count: Self.usualCapacity)
    private var start = 0
    private var end = 0
    /// Up to here there is no newline.
    private var scanned = 0
    /// The line whose attachments are not complete yet.
    private var pending: (json: JSONValue, headers: [AttachmentHeader], bytes: Int)?
    private let maximumBytes: Int

    /// Room that is kept between messages.
    private static let usualCapacity = 1 << 16
    private static let largestKeptCapacity = 1 << 22

    /// - Parameter maximumBytes: a message that is larger, or says it will be, is refused.
    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    /// Whether a message has begun that is not complete.
    var isInsideMessage: Bool { start < end || pending != nil }

    /// Lets the body write received bytes into free room; it returns how many it wrote.
    mutating func receive(_ body: (UnsafeMutableRawBufferPointer) -> Int) {
        makeRoom()
        end += storage.withUnsafeMutableBytes { bytes in
            body(UnsafeMutableRawBufferPointer(rebasing: bytes[end...]))
        }
    }

    private mutating func makeRoom() {
        if start == end {
            start = 0
            end = 0
            scanned = 0
            if storage.count > Self.largestKeptCapacity {
                storage = [UInt8](repeating: 0, count: Self.usualCapacity)
            }
        }
        if end < storage.count { return }
        if start >= storage.count / 2 {
            storage.withUnsafeMutableBytes { bytes in
                bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            }
            scanned -= start
            end -= start
            start = 0
        } else {
            storage.append(contentsOf: repeatElement(0, count: storage.count))
        }
    }

    /// The next complete message; nil when more bytes are needed.
    mutating func next() throws(ClientError) -> Frame? {
        if pending == nil {
            guard let line = try nextLine() else { return nil }
            let json = try Self.parse(line)
            guard let list = json["attachments"] else { return Frame(json: json) }
            let headers = try AttachmentHeader.read(list, maximumBytes: maximumBytes)
            pending = (json, headers, headers.reduce(0) { $0 + $1.bytes })
        }
        guard let pending, end - start >= pending.bytes else { return nil }
        self.pending = nil
        var frame = Frame(json: pending.json)
        for header in pending.headers {
            frame.attachments.append(header.attachment(storage[start..<start + header.bytes]))
            start += header.bytes
        }
        scanned = start
        return frame
    }

    private mutating func nextLine() throws(ClientError) -> [UInt8]? {
        guard let newline = storage[scanned..<end].firstIndex(of: UInt8(ascii: "\n")) else {
            scanned = end
            if end - start > maximumBytes {
                throw .invalidReply("a line is longer than \(maximumBytes) bytes")
            }
            return nil
        }
        let line = Array(storage[start..<newline])
        start = newline + 1
        scanned = start
        return line
    }

    private static func parse(_ line: [UInt8]) throws(ClientError) -> JSONValue {
        do {
            return try JSONValue(parsing: line)
        } catch {
            let shown = String(decoding: line.prefix(80), as: UTF8.self)
            throw .invalidReply("\(error) of the line '\(shown)\(line.count > 80 ? "…" : "")'")
        }
    }
}

/// What a reply's line says about bytes that follow it.
private struct AttachmentHeader {
    let name: String
    let bytes: Int
    let shape: [Int]

    static func read(_ json: JSONValue, maximumBytes: Int) throws(ClientError) -> [AttachmentHeader] {
        guard let list = json.array else { throw .invalidReply("'attachments' is not a list but a \(json.kind)") }
        var headers: [AttachmentHeader] = []
        var room = maximumBytes
        for element in list {
            let shape = (element["shape"]?.array ?? []).compactMap(\.integer)
            guard let name = element["name"]?.string, let bytes = element["bytes"]?.integer, bytes >= 0,
                element["dtype"]?.string == "f32", let floats = product(shape), bytes == floats &* 4
            else { throw .invalidReply("the attachment \(element) is not one of 32-bit floats with a shape") }
            guard bytes <= room else {
                throw .invalidReply("attachments are larger than \(maximumBytes) bytes")
            }
            room -= bytes
            headers.append(AttachmentHeader(name: name, bytes: bytes, shape: shape))
        }
        return headers
    }

    /// The number of elements of a shape; nil for one that no memory can hold.
    private static func product(_ shape: [Int]) -> Int? {
        var product = 1
        for size in shape {
            let (value, overflow) = product.multipliedReportingOverflow(by: size)
            if size < 0 || overflow { return nil }
            product = value
        }
        return product <= Int.max / 4 ? product : nil
    }

    func attachment(_ bytes: ArraySlice<UInt8>) -> Attachment {
        let floats = [Float](unsafeUninitializedCapacity: bytes.count / 4) { target, count in
            bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(target).copyMemory(from: $0) }
            count = bytes.count / 4
        }
        return Attachment(name: name, floats: floats, shape: shape)
    }
}
