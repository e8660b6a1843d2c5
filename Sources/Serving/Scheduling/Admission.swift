// SPDX-License-Identifier: Apache-2.0
//
// How much work may be on its way at once, in tokens: in all, and of one client.

/// The bounds of what is admitted and not finished.
public struct AdmissionLimits: Sendable, Hashable {
    public var tokens: Int
    /// Leaves room for others beside the greediest client.
    public var tokensPerClient: Int

    /// - Parameter tokensPerClient: nil for three quarters.
    public init(tokens: Int = 4_000_000, tokensPerClient: Int? = nil) {
        self.tokens = tokens
        self.tokensPerClient = tokensPerClient ?? tokens / 4 * 3
    }
}

/// Counts tokens in and out.
public struct Admission: Sendable {
    public let limits: AdmissionLimits
    public private(set) var tokens = 0
    public private(set) var requests = 0
    private var clients: [ClientID: Int] = [:]

    public init(limits: AdmissionLimits) { self.limits = limits }

    /// How many tokens must be finished before this many fit; nil where they fit and are now counted. Who has nothing
    /// on its way may always send one request, however long, while there is any room.
    public mutating func admit(_ count: Int, of client: ClientID) -> Int? {
        let own = clients[client] ?? 0
        let excess = max(
            tokens == 0 ? 0 : tokens + (own == 0 ? min(count, 1) : count) - limits.tokens,
            own == 0 ? 0 : own + count - limits.tokensPerClient)
        guard excess <= 0 else { return excess }
        tokens += count
        requests += 1
        clients[client] = own + count
        return nil
    }

    public mutating func finish(_ count: Int, of client: ClientID) {
        tokens -= count
        requests -= 1
        let left = (clients[client] ?? count) - count
        clients[client] = left > 0 ? left : nil
    }
}
