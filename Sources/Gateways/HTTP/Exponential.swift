// SPDX-License-Identifier: Apache-2.0
//
// e to a power, from the C library.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

func exponential(_ power: Float) -> Float { expf(power) }
