// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
    /// The type of stream sockets, for `socket(2)`.
    public let streamSocket = Int32(SOCK_STREAM.rawValue)
#elseif canImport(Darwin)
    import Darwin
    /// The type of stream sockets, for `socket(2)`.
    public let streamSocket = SOCK_STREAM
#endif
