// SPDX-License-Identifier: Apache-2.0
//
// Lines of a step's output that are meant for Hearth.

/// What a step says of itself by printing a line.
public enum Notice: Sendable, Hashable {
    /// `hearth: limited, retry after SECONDS`: its backend wants to be left alone.
    case limited(seconds: Double)
    /// `hearth: progress DONE TOTAL`
    case progress(done: Int, total: Int)
    /// `hearth: shard INDEX ROWS BYTES SHA256`: a part of the work is finished and on disk.
    case shard(index: Int, rows: Int, bytes: Int, sha256: String)

    static let prefix = "hearth: "
    static let maximumLength = 200

    /// Nil for a line that says nothing of this kind.
    public init?(_ line: some StringProtocol) {
        guard line.hasPrefix(Self.prefix) else { return nil }
        let words = line.dropFirst(Self.prefix.count).split { $0 == " " || $0 == "\r" }
        if words.count == 4, words[0] == "limited,", words[1] == "retry", words[2] == "after",
            let seconds = Double(words[3].hasSuffix("s") ? words[3].dropLast() : words[3])
        {
            self = .limited(seconds: seconds)
        } else if words.count == 3, words[0] == "progress", let done = Int(words[1]), let total = Int(words[2]),
            done >= 0, total >= done
        {
            self = .progress(done: done, total: total)
        } else if words.count == 5, words[0] == "shard", let index = Int(words[1]), let rows = Int(words[2]),
            let bytes = Int(words[3]), index >= 0, words[4].utf8.count == 64
        {
            self = .shard(index: index, rows: rows, bytes: bytes, sha256: String(words[4]))
        } else {
            return nil
        }
    }

    /// The line that says it.
    public var line: String {
        switch self {
        case .limited(let seconds): "hearth: limited, retry after \(seconds)"
        case .progress(let done, let total): "hearth: progress \(done) \(total)"
        case .shard(let index, let rows, let bytes, let sha256): "hearth: shard \(index) \(rows) \(bytes) \(sha256)"
        }
    }
}

/// Finds notices in output that comes in pieces of any size.
struct NoticeScanner {
    private var line: [UInt8] = []
    private var isTooLong = false

    mutating func scan(_ bytes: UnsafeRawBufferPointer, _ found: (Notice) -> Void) {
        var rest = bytes
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            let piece = rest[..<(end ?? rest.count)]
            let mayBeNotice = line.isEmpty ? piece.first == UInt8(ascii: "h") : !isTooLong
            if isTooLong || !mayBeNotice || line.count + piece.count > Notice.maximumLength {
                isTooLong = !piece.isEmpty || isTooLong
            } else {
                line += piece
            }
            guard let end else { return }
            if !isTooLong, let notice = Notice(String(decoding: line, as: UTF8.self)) { found(notice) }
            line = []
            isTooLong = false
            rest = UnsafeRawBufferPointer(rebasing: rest[(end + 1)...])
        }
    }
}
