// SPDX-License-Identifier: Apache-2.0
//
// The scratch memory of a forward pass.

/// Memory that one thread computes in, reused from batch to batch.
///
/// It grows to what the largest batch needs, and lets go of anything beyond
/// `retainedBytes` after use. Every compute thread has its own.
public final class Workspace {
    /// What is kept between batches.
    public static let retainedBytes = 16 << 20

    private var pages: Pages?

    public init() {}

    /// Bytes held now.
    public var byteCount: Int { pages?.bytes.count ?? 0 }

    /// Memory for `count` bytes, with whatever is in it; valid until the next call.
    func reserve(_ count: Int) throws(ModelError) -> UnsafeMutableRawPointer {
        if let pages, pages.bytes.count >= count { return pages.start }
        pages = nil
        let grown = try Pages(count: count)
        pages = grown
        return grown.start
    }

    /// Gives memory back after an unusually large batch.
    func trim() {
        if byteCount > Self.retainedBytes { pages = nil }
    }
}
