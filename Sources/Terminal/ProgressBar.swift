// SPDX-License-Identifier: Apache-2.0
//
// Progress of one long operation: a bar that is redrawn in place on a terminal,
// a line now and then anywhere else.

import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A progress display. It may be updated from any thread and as often as the caller likes: drawing is bounded to ten
/// times a second on a terminal and to one line every ten seconds elsewhere.
public final class ProgressBar: Sendable {
    public enum Unit: Sendable {
        case bytes
        /// Things with a name, such as "chunks".
        case count(String)
        /// Things that the label names.
        case plain
    }

    private struct State {
        var label: String
        var completed: Int64 = 0
        var total: Int64?
        var rate = RateEstimate()
        var lastDrawn: Duration?
        var drawnLabel = ""
        var isFinished = false
    }

    private let unit: Unit
    private let console: Console
    private let clock: @Sendable () -> Duration
    private let write: @Sendable (String) -> Void
    private let state: Mutex<State>

    /// - Parameters:
    ///   - clock: a time that only grows; by default the monotonic clock.
    ///   - write: where text goes; by default standard error.
    public init(
        label: String,
        total: Int64? = nil,
        unit: Unit = .bytes,
        console: Console = .standardError(),
        clock: @escaping @Sendable () -> Duration = { ProgressBar.monotonicTime() },
        write: @escaping @Sendable (String) -> Void = { Console.writeToStandardError($0) }
    ) {
        self.unit = unit
        self.console = console
        self.clock = clock
        self.write = write
        state = Mutex(State(label: label.printable, total: total))
    }

    /// Takes the newest figures. The first value is where the operation starts, so that a resumed download does not
    /// count what was there before as speed. A new label is shown at once.
    public func update(completed: Int64, total: Int64? = nil, label: String? = nil) {
        let now = clock()
        state.withLock { state in
            guard !state.isFinished else { return }
            if let label { state.label = label.printable }
            state.total = total ?? state.total
            state.completed = completed
            state.rate.record(completed, at: now)
            let interval: Duration = console.isInteractive ? .milliseconds(100) : .seconds(10)
            // What is done within the first interval needs no line in a log.
            if !console.isInteractive, state.lastDrawn == nil { state.lastDrawn = now }
            let isNews = console.isInteractive && state.label != state.drawnLabel
            if let last = state.lastDrawn, now - last < interval, !isNews { return }
            draw(&state, at: now)
        }
    }

    /// Shows a line of its own above the bar.
    public func note(_ text: String) {
        let now = clock()
        state.withLock { state in
            write((console.isInteractive ? "\r\u{1B}[K" : "") + text + "\n")
            if console.isInteractive, state.lastDrawn != nil, !state.isFinished { draw(&state, at: now) }
        }
    }

    /// Ends the display: the bar goes away, and the message, if there is one, stays. Later updates are ignored.
    public func finish(_ message: String? = nil) {
        state.withLock { state in
            guard !state.isFinished else { return }
            state.isFinished = true
            let erase = console.isInteractive && state.lastDrawn != nil ? "\r\u{1B}[K" : ""
            let text = erase + (message.map { $0 + "\n" } ?? "")
            if !text.isEmpty { write(text) }
        }
    }

    private func draw(_ state: inout State, at now: Duration) {
        state.lastDrawn = now
        state.drawnLabel = state.label
        let figures = figures(state)
        guard console.isInteractive else {
            write("\(state.label)  \(figures)\n")
            return
        }
        let room = console.width - 1
        let free = room - state.label.displayWidth - figures.displayWidth - 4
        let line: String
        if let fraction = fraction(state), free >= 8 {
            line = "\(state.label)  \(console.styled(bar(fraction, width: min(free, 30)), .cyan))  \(figures)"
        } else {
            line = "\(state.label)  \(figures)".truncated(toWidth: room)
        }
        write("\r\(line)\u{1B}[K")
    }

    private func figures(_ state: State) -> String {
        let amount: String
        let speed: String?
        switch unit {
        case .bytes:
            amount = ([state.completed] + (state.total.map { [$0] } ?? [])).map(Format.bytes).joined(separator: " / ")
            speed = state.rate.perSecond.map { Format.rate(bytesPerSecond: $0) }
        case .count, .plain:
            let counts = [state.completed] + (state.total.map { [$0] } ?? [])
            amount = counts.map { Format.count($0) }.joined(separator: " / ") + noun
            speed = state.rate.perSecond.map { "\(Format.fixed($0, digits: $0 < 10 ? 1 : 0))/s" }
        }
        var parts = [amount]
        if let speed { parts.append(speed) }
        if let total = state.total, let rate = state.rate.perSecond, rate > 0, state.completed < total {
            parts.append("eta \(Format.remaining(seconds: Double(total - state.completed) / rate))")
        }
        return parts.joined(separator: "  ")
    }

    private var noun: String {
        if case .count(let noun) = unit { " \(noun)" } else { "" }
    }

    private func fraction(_ state: State) -> Double? {
        guard let total = state.total, total > 0 else { return nil }
        return min(1, max(0, Double(state.completed) / Double(total)))
    }

    private func bar(_ fraction: Double, width: Int) -> String {
        let filled = Int((fraction * Double(width)).rounded())
        let (full, empty) = console.hasUnicode ? ("━", "─") : ("#", "-")
        return String(repeating: full, count: filled) + String(repeating: empty, count: width - filled)
    }

    /// Time since some fixed moment, on a clock that never goes back.
    public static func monotonicTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }
}
