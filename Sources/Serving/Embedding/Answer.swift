// SPDX-License-Identifier: Apache-2.0
//
// What one input comes to, whoever computed it.

struct Answer: Sendable {
    var vector: [Float]
    /// Tokens of the whole input, special ones included.
    var tokens: Int
    /// Tokens that were computed.
    var used: Int
}
