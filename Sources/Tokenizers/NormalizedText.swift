// SPDX-License-Identifier: Apache-2.0
//
// A text on its way to tokens. It does not know what changes it.

/// UTF-8 and, where offsets are wanted, the part of the original that each byte stands for.
struct NormalizedText: Sendable {
    /// A range of scalars in the original text.
    struct Origin: Sendable {
        var start: UInt32
        var end: UInt32
    }

    private(set) var bytes: [UInt8]
    /// One for each byte; empty where origins are not tracked.
    private(set) var origins: [Origin] = []
    let tracksOrigins: Bool

    init(tracksOrigins: Bool) {
        bytes = []
        self.tracksOrigins = tracksOrigins
    }

    /// - Parameter origins: one for each byte, or nil where they are not tracked.
    init(_ bytes: [UInt8], origins: [Origin]?) {
        self.bytes = bytes
        self.origins = origins ?? []
        tracksOrigins = origins != nil
    }

    /// The original itself.
    init(_ text: String, tracksOrigins: Bool) {
        bytes = Array(text.utf8)
        self.tracksOrigins = tracksOrigins
        guard tracksOrigins else { return }
        origins.reserveCapacity(bytes.count)
        var scalar: UInt32 = 0
        for index in bytes.indices {
            if index > 0, !bytes.isContinuation(at: index) { scalar &+= 1 }
            origins.append(Origin(start: scalar, end: scalar &+ 1))
        }
    }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        origins.removeAll(keepingCapacity: true)
    }

    mutating func reserveCapacity(_ count: Int) {
        bytes.reserveCapacity(count)
        if tracksOrigins { origins.reserveCapacity(count) }
    }

    /// Appends a part of another text as it is.
    mutating func append(_ other: NormalizedText, _ range: Range<Int>) {
        bytes.append(contentsOf: other.bytes[range])
        if tracksOrigins { origins.append(contentsOf: other.origins[range]) }
    }

    mutating func append(ascii byte: UInt8, origin: @autoclosure () -> Origin) {
        bytes.append(byte)
        if tracksOrigins { origins.append(origin()) }
    }

    mutating func append(scalar: UInt32, origin: @autoclosure () -> Origin) {
        let start = bytes.count
        bytes.append(scalar: scalar)
        if tracksOrigins { origins.append(contentsOf: repeatElement(origin(), count: bytes.count - start)) }
    }

    /// Where a part that is not empty came from.
    func offsets(of range: Range<Int>) -> Range<Int> {
        let start = Int(origins[range.lowerBound].start)
        return start..<Swift.max(start, Int(origins[range.upperBound - 1].end))
    }
}
