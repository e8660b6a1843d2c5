// SPDX-License-Identifier: Apache-2.0
//
// The hash functions, on every path that this machine has.

import CPlatform
import ModelStore
import TestSupport
import Testing

/// SHA-256 and SHA-1 against the examples of NIST (FIPS 180-4 and its example documents).
struct DigestTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
    ])
    func sha256(message: String, digest: String) {
        #expect(SHA256.hexDigest(of: Array(message.utf8)) == digest)
        #expect(portable(Array(message.utf8)) == digest)
    }

    @Test func aMillionTimesA() {
        let message = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        #expect(
            SHA256.hexDigest(of: message) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test(arguments: [
        ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        ),
    ])
    func sha1(message: String, digest: String) {
        var hash = hearth_sha1()
        hearth_sha1_init(&hash)
        for byte in Array(message.utf8) { hearth_sha1_update(&hash, [byte], 1) }
        var bytes = [UInt8](repeating: 0, count: 20)
        hearth_sha1_final(&hash, &bytes)
        #expect(hexadecimal(bytes) == digest)
    }

    /// What `git hash-object` says of an empty file.
    @Test func gitBlobOfNothing() {
        #expect(gitBlob([]) == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
    }

    @Test func everyLengthAgreesWithThePortableCode() {
        let bytes = pseudoRandomBytes(count: 400, seed: 1)
        for count in 0...bytes.count {
            let message = Array(bytes[..<count])
            #expect(SHA256.hexDigest(of: message) == portable(message))
        }
    }

    @Test(arguments: [1, 63, 64, 65, 1000])
    func portionsMakeNoDifference(size: Int) {
        let bytes = pseudoRandomBytes(count: 5000, seed: 2)
        var hash = SHA256()
        for start in stride(from: 0, to: bytes.count, by: size) {
            bytes[start..<min(bytes.count, start + size)].withUnsafeBytes { hash.update($0) }
        }
        #expect(hash.hexDigest() == SHA256.hexDigest(of: bytes))
    }

    @Test func aFileIsHashed() throws {
        let workspace = Workspace()
        let bytes = pseudoRandomBytes(count: 3_000_000, seed: 3)
        writeFile(bytes, to: workspace.folder + "/file")
        #expect(try SHA256.hexDigest(ofFile: workspace.folder + "/file") == SHA256.hexDigest(of: bytes))
        #expect(throws: ModelStoreError.self) { try SHA256.hexDigest(ofFile: workspace.folder + "/none") }
    }

    private func portable(_ message: [UInt8]) -> String {
        var hash = hearth_sha256()
        hearth_sha256_init_portable(&hash)
        hearth_sha256_update(&hash, message, message.count)
        var digest = [UInt8](repeating: 0, count: 32)
        hearth_sha256_final(&hash, &digest)
        return hexadecimal(digest)
    }
}
