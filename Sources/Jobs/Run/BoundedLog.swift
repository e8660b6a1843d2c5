// SPDX-License-Identifier: Apache-2.0
//
// The output of a step on disk, with a limit: its beginning and its end, and
// between them how much is missing. While the step runs, the end is in two
// files that take turns, so that what is there survives a crash.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class BoundedLog {
    /// Bytes that are kept from the beginning, and as many from the end.
    static let half = 1 << 20

    private let path: String
    /// Not there until there is output: many steps have none.
    private var head: Int32 = -1
    private var headCount = 0
    private var tail: Int32 = -1
    /// Number of the file that is written, and how much is in it.
    private var number = -1
    private var tailCount = 0
    private var total: Int64 = 0

    init(path: String) { self.path = path }

    deinit {
        if head >= 0 { close(head) }
        if tail >= 0 { close(tail) }
    }

    private static func tailPath(_ path: String, _ number: Int) -> String { "\(path).tail\(number)" }

    /// Adds output. What cannot be written, as on a full disk, counts as dropped.
    func write(_ bytes: UnsafeRawBufferPointer) {
        total += Int64(bytes.count)
        if head < 0 { head = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600) }
        guard head >= 0 else { return }
        var rest = bytes
        let first = min(Self.half - headCount, rest.count)
        if first > 0 {
            if (try? Files.write(UnsafeRawBufferPointer(rebasing: rest[..<first]), to: head, path: path)) == nil {
                return
            }
            headCount += first
            rest = UnsafeRawBufferPointer(rebasing: rest[first...])
        }
        while !rest.isEmpty {
            if tail < 0 || tailCount >= Self.half { startTail() }
            if tail < 0 { return }
            let part = min(Self.half - tailCount, rest.count)
            if (try? Files.write(UnsafeRawBufferPointer(rebasing: rest[..<part]), to: tail, path: path)) == nil {
                return
            }
            tailCount += part
            rest = UnsafeRawBufferPointer(rebasing: rest[part...])
        }
    }

    private func startTail() {
        if tail >= 0 { close(tail) }
        number += 1
        if number >= 2 { unlink(Self.tailPath(path, number - 2)) }
        tail = open(Self.tailPath(path, number), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        tailCount = 0
    }

    /// Puts beginning and end together.
    /// - Returns: how many bytes are missing between them.
    func finish() -> Int64 {
        guard tail >= 0 else { return total - Int64(headCount) }
        let end = Self.end(path, newest: number)
        let dropped = total - Int64(headCount) - Int64(end.count)
        let text = (dropped > 0 ? Self.marker(dropped) : []) + end
        text.withUnsafeBytes { try? Files.write($0, to: head, path: path) }
        unlink(Self.tailPath(path, number))
        unlink(Self.tailPath(path, number - 1))
        return dropped
    }

    private static func marker(_ dropped: Int64) -> [UInt8] { Array("\n[… \(dropped) bytes dropped …]\n".utf8) }

    /// The last bytes of a log whose end is still in files of its own.
    private static func end(_ path: String, newest: Int) -> [UInt8] {
        let new = Files.read(tailPath(path, newest), limit: half) ?? []
        let old = Files.read(tailPath(path, newest - 1), limit: half) ?? []
        return old.suffix(half - new.count) + new
    }

    /// A log as it is now, whether or not its step still runs; nil where there is none.
    static func read(_ path: String, from offset: Int, limit: Int) -> [UInt8]? {
        guard let head = Files.read(path, from: offset, limit: limit) else { return nil }
        let length = Files.size(path) ?? 0
        let prefix = tailPath(path, 0).dropLast().split(separator: "/").last ?? ""
        let numbers = Files.names(in: Files.folder(of: path)).filter { $0.hasPrefix(prefix) }
            .compactMap { Int($0.dropFirst(prefix.count)) }
        guard let newest = numbers.max() else { return head }
        let end = Array("\n[… the last output so far: …]\n".utf8) + Self.end(path, newest: newest)
        return head + end.dropFirst(max(0, offset - length)).prefix(limit - head.count)
    }
}
