// SPDX-License-Identifier: Apache-2.0
//
// The hash by which frankensearch finds documents and cass places words: FNV-1a
// with 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/).

enum FNV1a {
    static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
