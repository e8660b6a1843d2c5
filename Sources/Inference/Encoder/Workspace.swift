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

    /// Called again and again while a thread computes alone: after every row block and sequence of every layer. It may
    /// compute something more urgent, in another workspace; the pass then goes on as if nothing had been.
    public var checkpoint: (() -> Void)?

    private var pages: Pages?
    /// Those of a team's helpers, for when each computes a pass of its own.
    private var helpers: [Workspace] = []

    public init() {}

    /// Bytes held now.
    public var byteCount: Int { helpers.reduce(pages?.bytes.count ?? 0) { $0 + $1.byteCount } }

    /// Memory for `count` bytes, with whatever is in it; valid until the next call.
    func reserve(_ count: Int) throws(ModelError) -> UnsafeMutableRawPointer {
        if let pages, pages.bytes.count >= count { return pages.start }
        pages = nil
        let grown = try Pages(count: count)
        pages = grown
        return grown.start
    }

    /// This workspace, and others for `count` - 1 helpers.
    func divided(for count: Int) -> [Workspace] {
        while helpers.count < count - 1 { helpers.append(Workspace()) }
        return [self] + helpers.prefix(count - 1)
    }

    /// Gives memory back after an unusually large batch.
    func trim() {
        if byteCount > Self.retainedBytes {
            pages = nil
            helpers = []
        }
    }
}
