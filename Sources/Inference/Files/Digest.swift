// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 of files and texts.

internal import CPlatform

struct Digest: Sendable, Hashable {
    let bytes: [UInt8]

    /// Hashes a file's bytes, telling how many are done from time to time.
    init(of bytes: UnsafeRawBufferPointer, progress: (Int) -> Void = { _ in }) {
        var hash = hearth_sha256()
        hearth_sha256_init(&hash)
        let step = 32 << 20
        for start in stride(from: 0, to: bytes.count, by: step) {
            let part = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + step, bytes.count)])
            hearth_sha256_update(&hash, part.baseAddress, part.count)
            progress(start + part.count)
        }
        self.bytes = Self.finish(&hash)
    }

    init(of text: String) {
        self = Array(text.utf8).withUnsafeBytes { Digest(of: $0) }
    }

    /// Reads what `hex` writes.
    init?(hex: Substring) {
        guard hex.utf8.count == 64 else { return nil }
        var bytes: [UInt8] = []
        var rest = hex
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        self.bytes = bytes
    }

    /// 64 lower-case digits.
    var hex: String { hex(byteCount: bytes.count) }

    /// The first bytes, two digits each.
    func hex(byteCount: Int) -> String {
        let digits = Array("0123456789abcdef".unicodeScalars)
        var text = String.UnicodeScalarView()
        for byte in bytes.prefix(byteCount) {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(text)
    }

    private static func finish(_ hash: inout hearth_sha256) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(HEARTH_SHA256_DIGEST_SIZE)) { bytes, count in
            hearth_sha256_final(&hash, bytes.baseAddress)
            count = Int(HEARTH_SHA256_DIGEST_SIZE)
        }
    }
}
