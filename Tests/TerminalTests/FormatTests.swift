// SPDX-License-Identifier: Apache-2.0
//
// Bytes, durations and counts as people read them.

import Terminal
import Testing

struct FormatTests {
    @Test(
        arguments: [
            (0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (1234, "1.23 kB"), (12_345, "12.3 kB"),
            (999_499, "999 kB"), (999_500, "1.00 MB"), (90_868_376, "90.9 MB"), (1_250_000_000, "1.25 GB"),
            (Int64.max, "9.22 EB"), (-1234, "-1.23 kB"),
        ] as [(Int64, String)])
    func bytes(count: Int64, text: String) {
        #expect(Format.bytes(count) == text)
    }

    @Test(
        arguments: [
            (.microseconds(3), "3.00 µs"), (.microseconds(850), "850 µs"), (.milliseconds(1), "1.00 ms"),
            (.microseconds(12_340), "12.3 ms"), (.milliseconds(999), "999 ms"), (.milliseconds(4560), "4.56 s"),
            (.seconds(59.96), "1 min 00 s"), (.seconds(185), "3 min 05 s"), (.seconds(7620), "2 h 07 min"),
            (.seconds(86400 * 5 + 3 * 3600), "5 d 3 h"), (.seconds(-1), "0.00 µs"),
        ] as [(Duration, String)])
    func duration(duration: Duration, text: String) {
        #expect(Format.duration(duration) == text)
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "-1,000")])
    func count(count: Int, text: String) {
        #expect(Format.count(Int64(count)) == text)
    }

    @Test func countsHaveTheirNoun() {
        #expect(Format.count(1, "file") == "1 file")
        #expect(Format.count(1200, "file") == "1,200 files")
    }

    @Test func fixedPointIsRounded() {
        #expect(Format.fixed(0.999, digits: 2) == "1.00")
        #expect(Format.fixed(-2.5, digits: 0) == "-3")
        #expect(Format.fixed(3.05, digits: 1) == "3.0" || Format.fixed(3.05, digits: 1) == "3.1")
        #expect(Format.fixed(.nan, digits: 1) == "0.0")
    }
}
