// SPDX-License-Identifier: Apache-2.0
//
// Tells of what was written when it is on the disk. That takes milliseconds, in
// which the engine goes on; one wait for the disk serves all that came meanwhile.

internal import Dispatch
internal import Synchronization
internal import Threads

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class Announcer: Sendable {
    /// What one turn of the engine has to tell.
    struct News: Sendable {
        var events: [(job: String, change: JobEvent.Change)] = []
        var replies: [@Sendable () -> Void] = []
        /// Milliseconds since 1970.
        var at: Int64 = 0
        /// Whether something was written, which is not on the disk yet.
        var isWritten = false
    }

    private struct State {
        var waiting: [News] = []
        var isClosed = false
        var problem: String?
    }

    private let registry: JobRegistry
    private let streams: EventStreams
    private let state = Mutex(State())
    private let work = DispatchSemaphore(value: 0)

    /// - Throws: where there is no thread left.
    init(_ registry: JobRegistry, _ streams: EventStreams) throws(JobsError) {
        self.registry = registry
        self.streams = streams
        guard startThread(named: "jobs-tell", { self.run() }) else {
            throw JobsError(.process, "there is no thread left for the job engine")
        }
    }

    /// Why the disk does not take what was written; nothing is told until it does.
    var problem: String? { state.withLock { $0.problem } }

    func tell(_ news: News) {
        state.withLock { $0.waiting.append(news) }
        work.signal()
    }

    /// Waits until all that was written so far is on the disk, and told.
    /// - Returns: false where that takes longer.
    func settle(within limit: Duration) -> Bool {
        let done = DispatchSemaphore(value: 0)
        tell(News(replies: [{ done.signal() }]))
        return done.wait(timeout: .now() + .milliseconds(Int(limit.inMilliseconds))) == .success
    }

    /// Ends the thread when all is told.
    func close() {
        state.withLock { $0.isClosed = true }
        work.signal()
    }

    private func run() {
        while true {
            work.wait()
            let news = state.withLock { state -> [News] in
                defer { state.waiting = [] }
                return state.waiting
            }
            if news.contains(where: \.isWritten) { waitForDisk() }
            for news in news {
                for (job, change) in news.events { streams.publish(job, change, at: news.at) }
                for reply in news.replies { reply() }
            }
            if state.withLock({ $0.isClosed && $0.waiting.isEmpty }) { return }
        }
    }

    private func waitForDisk() {
        while true {
            do throws(JobsError) {
                try registry.sync()
                return state.withLock { $0.problem = nil }
            } catch {
                let isClosed = state.withLock { state in
                    state.problem = error.message
                    return state.isClosed
                }
                if isClosed { return }
                sleep(1)
            }
        }
    }
}
