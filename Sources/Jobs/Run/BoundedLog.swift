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
    /// Bytes that could not be written: before what was written last, and since.
    private var lost: Int64 = 0
    private var missing: Int64 = 0
    /// Why the first of them could not be.
    private(set) var problem: String?

    init(path: String) { self.path = path }

    deinit {
        if head >= 0 { close(head) }
        if tail >= 0 { close(tail) }
    }

    private static func tailPath(_ path: String, _ number: Int) -> String { "\(path).tail\(number)" }

    /// Adds output. What cannot be written, as on a full disk, is counted, and the log says where it is missing.
    func write(_ bytes: UnsafeRawBufferPointer) {
        total += Int64(bytes.count)
        if head < 0 { head = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600) }
        var rest = bytes
        while !rest.isEmpty {
            let isBeginning = headCount < Self.half
            if !isBeginning, tail < 0 || tailCount >= Self.half { startTail() }
            let room = Self.half - (isBeginning ? headCount : tailCount)
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(room))
            guard put(part, to: isBeginning ? head : tail) else {
                missing += Int64(rest.count)
                return
            }
            if isBeginning { headCount += part.count } else { tailCount += part.count }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part.count))
        }
    }

    /// Writes all of it, after a word about what is missing before it, or nothing.
    private func put(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        guard descriptor >= 0 else {
            problem = problem ?? Files.describe(errno)
            return false
        }
        let end = lseek(descriptor, 0, SEEK_CUR)
        do throws(JobsError) {
            if missing > 0 { try Self.write(Self.marker(missing), to: descriptor, path) }
            try Files.write(bytes, to: descriptor, path: path)
        } catch {
            problem = problem ?? Files.describe(errno)
            ftruncate(descriptor, end)
            lseek(descriptor, end, SEEK_SET)
            return false
        }
        lost += missing
        missing = 0
        return true
    }

    private static func write(_ text: [UInt8], to descriptor: Int32, _ path: String) throws(JobsError) {
        try text.withUnsafeBufferPointer { (text) throws(JobsError) in
            try Files.write(UnsafeRawBufferPointer(text), to: descriptor, path: path)
        }
    }

    private func startTail() {
        if tail >= 0 { close(tail) }
        tail = open(Self.tailPath(path, number + 1), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard tail >= 0 else { return }
        number += 1
        tailCount = 0
        if number >= 2 { unlink(Self.tailPath(path, number - 2)) }
    }

    /// Puts beginning and end together.
    /// - Returns: how many bytes are missing between them.
    func finish() -> Int64 {
        if missing > 0 { _ = put(UnsafeRawBufferPointer(start: nil, count: 0), to: tail >= 0 ? tail : head) }
        lost += missing
        missing = 0
        guard number >= 0 else { return total - Int64(headCount) }
        let end = Self.end(path, newest: number)
        let cut = total - lost - Int64(headCount) - Int64(end.count)
        let text = (cut > 0 ? Self.marker(cut) : []) + end
        // Where there is no room for that, the end stays where it is.
        if text.withUnsafeBytes({ put($0, to: head) }) {
            unlink(Self.tailPath(path, number))
            unlink(Self.tailPath(path, number - 1))
        }
        return lost + max(0, cut)
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
