// SPDX-License-Identifier: Apache-2.0
//
// What a progress bar draws, on a clock that the tests move.

import Synchronization
import Terminal
import Testing

struct ProgressBarTests {
    /// A clock that a test moves and a sink that it reads.
    private final class Bench: Sendable {
        private let time = Mutex(Duration.zero)
        private let text = Mutex("")

        var written: String { text.withLock { $0 } }
        func advance(_ duration: Duration) { time.withLock { $0 += duration } }

        func bar(label: String, total: Int64?, unit: ProgressBar.Unit = .bytes, interactive: Bool) -> ProgressBar {
            ProgressBar(
                label: label, total: total, unit: unit,
                console: Console(isInteractive: interactive, hasColor: false, width: 80),
                clock: { self.time.withLock { $0 } },
                write: { text in self.text.withLock { $0 += text } })
        }
    }

    @Test func aTerminalIsRedrawnInPlace() {
        let bench = Bench()
        let bar = bench.bar(label: "model", total: 100_000_000, interactive: true)
        bar.update(completed: 0)
        bench.advance(.seconds(1))
        bar.update(completed: 25_000_000)
        let frames = bench.written.split(separator: "\r")
        #expect(frames.count == 2)
        #expect(frames.last == "model  ━━━━━━━━──────────────────────  25.0 MB / 100 MB  25.0 MB/s  eta 3 s\u{1B}[K")
    }

    @Test func drawingIsBoundedInRate() {
        let bench = Bench()
        let bar = bench.bar(label: "model", total: 1000, interactive: true)
        for step in 0..<1000 {
            bar.update(completed: Int64(step))
            bench.advance(.milliseconds(1))
        }
        #expect(bench.written.split(separator: "\r").count == 10)
    }

    @Test func aNewLabelIsShownAtOnce() {
        let bench = Bench()
        let bar = bench.bar(label: "a", total: nil, interactive: true)
        bar.update(completed: 1)
        bar.update(completed: 2, label: "b")
        #expect(bench.written == "\ra  1 B\u{1B}[K\rb  2 B\u{1B}[K")
    }

    @Test func aPipeGetsSparseLines() {
        let bench = Bench()
        let bar = bench.bar(label: "model", total: 5000, unit: .count("chunks"), interactive: false)
        for step in 0..<25 {
            bar.update(completed: Int64(step * 100))
            bench.advance(.seconds(1))
        }
        bar.finish("done")
        #expect(
            bench.written == """
                model  1,000 / 5,000 chunks  100/s  eta 40 s
                model  2,000 / 5,000 chunks  100/s  eta 30 s
                done

                """)
    }

    @Test func whatWasThereBeforeIsNotSpeed() {
        let bench = Bench()
        let bar = bench.bar(label: "model", total: 100, interactive: false)
        bar.update(completed: 90)
        bench.advance(.seconds(10))
        bar.update(completed: 95)
        #expect(bench.written.hasSuffix("model  95 B / 100 B  1 B/s  eta 10 s\n"))
    }

    @Test func notesStandAboveTheBar() {
        let bench = Bench()
        let bar = bench.bar(label: "m", total: nil, interactive: true)
        bar.update(completed: 1)
        bar.note("waiting")
        #expect(bench.written == "\rm  1 B\u{1B}[K\r\u{1B}[Kwaiting\n\rm  1 B\u{1B}[K")
    }

    @Test func theEndErasesTheBarAndIsFinal() {
        let bench = Bench()
        let bar = bench.bar(label: "m", total: nil, interactive: true)
        bar.update(completed: 1)
        bar.finish("m is installed")
        bar.update(completed: 2)
        bar.finish("again")
        #expect(bench.written == "\rm  1 B\u{1B}[K\r\u{1B}[Km is installed\n")
    }

    @Test func aNarrowTerminalGetsNoBarAndNoSecondLine() {
        let sink = Mutex("")
        let console = Console(isInteractive: true, hasColor: true, width: 20)
        let label = String(repeating: "long", count: 10)
        ProgressBar(label: label, total: 100, console: console, write: { text in sink.withLock { $0 += text } })
            .update(completed: 50)
        let frame = sink.withLock { $0 }
        #expect(frame == "\rlonglonglonglonglo…\u{1B}[K")
    }
}
