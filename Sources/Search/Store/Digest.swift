// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 digests, by which contents and files are known, and how the database keeps them.

import CPlatform
public import GRDB

// GRDB binds blobs as Data only.
import struct Foundation.Data

/// 32 bytes of SHA-256 (FIPS 180-4).
public struct Digest: Sendable, Hashable, CustomStringConvertible {
    private let words: SIMD4<UInt64>

    public init(of bytes: UnsafeRawBufferPointer) {
        var words = SIMD4<UInt64>()
        withUnsafeMutableBytes(of: &words) {
            hearth_sha256_digest(bytes.baseAddress, bytes.count, $0.bindMemory(to: UInt8.self).baseAddress)
        }
        self.words = words
    }

    public init(of text: String) {
        var text = text
        self = text.withUTF8 { Digest(of: UnsafeRawBufferPointer($0)) }
    }

    /// - Returns: nil unless these are 32 bytes.
    init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == MemoryLayout<SIMD4<UInt64>>.size else { return nil }
        words = bytes.loadUnaligned(as: SIMD4<UInt64>.self)
    }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: words, body)
    }

    /// 64 hexadecimal digits.
    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        return withBytes { bytes in
            String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
        }
    }
}

extension Digest: DatabaseValueConvertible {
    public var databaseValue: DatabaseValue { withBytes { Data($0) }.databaseValue }

    public static func fromDatabaseValue(_ value: DatabaseValue) -> Digest? {
        Data.fromDatabaseValue(value)?.withUnsafeBytes { Digest(bytes: $0) }
    }
}

extension Digest: StatementColumnConvertible {
    public init?(sqliteStatement: SQLiteStatement, index: CInt) {
        guard let digest = Data(sqliteStatement: sqliteStatement, index: index).withUnsafeBytes({ Digest(bytes: $0) })
        else { return nil }
        self = digest
    }
}
