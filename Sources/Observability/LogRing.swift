// SPDX-License-Identifier: Apache-2.0
//
// The last lines of the log, in memory, for those who follow it live.

public import JSON
import Synchronization

public struct LogLine: Sendable, Hashable {
    /// From 1, without gaps; a follower that sees a gap was too slow for what is missing.
    public let number: UInt64
    public let entry: JSONValue

    public init(number: UInt64, entry: JSONValue) {
        self.number = number
        self.entry = entry
    }
}

public final class LogRing: Sendable {
    private struct State {
        /// A ring once it is full: the oldest line is at `start`.
        var lines: [LogLine] = []
        var start = 0
        var next: UInt64 = 1
        var nextFollower = 0
        var followers: [Int: AsyncStream<LogLine>.Continuation] = [:]
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: how many lines are kept, and how many may wait for each follower.
    public init(capacity: Int = 1000) { self.capacity = max(1, capacity) }

    public func append(_ entry: JSONValue) {
        // Yielded under the lock, so that every follower gets the lines in their order.
        state.withLock { state in
            let line = LogLine(number: state.next, entry: entry)
            state.next += 1
            if state.lines.count < capacity {
                state.lines.append(line)
            } else {
                state.lines[state.start] = line
                state.start = (state.start + 1) % capacity
            }
            for follower in state.followers.values { follower.yield(line) }
        }
    }

    /// The last lines, oldest first.
    public func last(_ count: Int = .max) -> [LogLine] { state.withLock { Self.last(count, $0) } }

    /// The last lines, and all that come after them. A follower that does not keep up loses the oldest that wait for
    /// it; the log never waits. Following ends with the task that iterates, or when the stream is let go.
    public func follow(last count: Int = 0) -> AsyncStream<LogLine> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: LogLine.self, bufferingPolicy: .bufferingNewest(capacity))
        state.withLock { state in
            for line in Self.last(count, state) { continuation.yield(line) }
            let follower = state.nextFollower
            state.nextFollower += 1
            state.followers[follower] = continuation
            continuation.onTermination = { [weak self] _ in self?.remove(follower) }
        }
        return stream
    }

    /// How many are following.
    public var followerCount: Int { state.withLock { $0.followers.count } }

    private func remove(_ follower: Int) {
        // Dropped outside of the lock: the end of a continuation may call back.
        let continuation = state.withLock { $0.followers.removeValue(forKey: follower) }
        withExtendedLifetime(continuation) {}
    }

    private static func last(_ count: Int, _ state: State) -> [LogLine] {
        let ordered = state.lines[state.start...] + state.lines[..<state.start]
        return Array(ordered.suffix(max(0, count)))
    }
}
