// SPDX-License-Identifier: Apache-2.0
//
// By what a step is recognised when it comes again: the shape of its command,
// in which numbers may differ.

internal import CPlatform

extension Step {
    /// A hash of the command's shape, as 16 hexadecimal digits.
    var signature: String {
        let texts: [String] =
            switch action {
            case .shell(let line): ["shell", line.source]
            case .command(let arguments): ["command"] + arguments.map(\.source)
            case .embed(let embed):
                ["embed", embed.input.source, embed.format.rawValue, embed.model?.source ?? ""]
            case .sync(let folder): ["sync", folder.source]
            case .rerank(let rerank): ["rerank", rerank.input.source, rerank.model?.source ?? ""]
            }
        return String(SHA256.digest(of: Array(texts.map(Self.shape).joined(separator: "\0").utf8)).prefix(16))
    }

    /// The text with every number as "#", so that "day-17" and "day-18" are the same.
    private static func shape(_ text: String) -> String {
        var shape: [UInt8] = []
        for byte in text.utf8 {
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            if !isDigit {
                shape.append(byte)
            } else if shape.last != UInt8(ascii: "#") {
                shape.append(UInt8(ascii: "#"))
            }
        }
        return String(decoding: shape, as: UTF8.self)
    }
}

/// SHA-256, in pieces or at once.
struct SHA256 {
    private var state = hearth_sha256()

    init() { hearth_sha256_init(&state) }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hearth_sha256_update(&state, bytes.baseAddress, bytes.count)
    }

    /// The digest as hexadecimal digits.
    mutating func finish() -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        hearth_sha256_final(&state, &digest)
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    static func digest(of bytes: [UInt8]) -> String {
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update($0) }
        return hash.finish()
    }
}
