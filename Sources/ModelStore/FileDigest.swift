// SPDX-License-Identifier: Apache-2.0
//
// Checksums: SHA-256 of bytes and files, and the git blob id by which the hub
// knows its small files.

import CPlatform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A SHA-256 (FIPS 180-4) in progress.
public struct SHA256 {
    private var context = hearth_sha256()

    public init() {
        hearth_sha256_init(&context)
    }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hearth_sha256_update(&context, bytes.baseAddress, bytes.count)
    }

    /// The digest of all bytes so far, 64 hexadecimal digits. The value can go on taking bytes.
    public func hexDigest() -> String {
        var context = context
        var digest = [UInt8](repeating: 0, count: 32)
        hearth_sha256_final(&context, &digest)
        return hexadecimal(digest)
    }

    public static func hexDigest(of bytes: [UInt8]) -> String {
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update($0) }
        return hash.hexDigest()
    }

    /// The digest of a file's content, read in one pass.
    public static func hexDigest(ofFile path: String) throws(ModelStoreError) -> String {
        try FileDigest(path: path).sha256
    }
}

/// What a file's content is known by.
struct FileDigest: Sendable, Hashable {
    let bytes: Int64
    let sha256: String
    /// SHA-1 of `blob <length>\0` and the content (git-scm.com, "Git Objects").
    let gitBlob: String

    /// Above this length the hub keeps a file in LFS and knows it by SHA-256, so that its git blob id is not needed.
    private static let gitBlobLimit = 32 << 20

    init(path: String, progress: (Int64) -> Void = { _ in }) throws(ModelStoreError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("read", path, errno) }
        let hasGitBlob = status.st_size <= Self.gitBlobLimit

        var sha256 = SHA256()
        var gitBlob = hearth_sha1()
        hearth_sha1_init(&gitBlob)
        Array("blob \(status.st_size)\0".utf8).withUnsafeBytes {
            hearth_sha1_update(&gitBlob, $0.baseAddress, $0.count)
        }
        var count: Int64 = 0
        try Disk.chunks(of: descriptor, path: path) { chunk in
            sha256.update(chunk)
            if hasGitBlob { hearth_sha1_update(&gitBlob, chunk.baseAddress, chunk.count) }
            count += Int64(chunk.count)
            progress(count)
        }
        var digest = [UInt8](repeating: 0, count: 20)
        hearth_sha1_final(&gitBlob, &digest)
        bytes = count
        self.sha256 = sha256.hexDigest()
        self.gitBlob = hasGitBlob ? hexadecimal(digest) : ""
    }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
