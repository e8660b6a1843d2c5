// SPDX-License-Identifier: Apache-2.0
//
// What a logger writes, its level, and following it live.

import JSON
import Logging
import Observability
import TestSupport
import Testing

@Suite struct LogTests {
    private let folder = TemporaryFolder()

    private func entries() throws -> [JSONValue] {
        try (folder.text(of: "log") ?? "").split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
    }

    private func makeLog() throws -> (log: JSONLinesLog, logger: Logger) {
        let log = try JSONLinesLog(path: folder.path + "/log")
        return (log, Logger(label: "test") { JSONLinesLogHandler(label: $0, log: log) })
    }

    @Test func anEntryIsOneLineOfJSON() throws {
        let (_, logger) = try makeLog()
        logger.warning("two\nlines", metadata: ["b": "2", "a": "1"])
        let entry = try #require(try entries().first)
        #expect(entry["level"] == "warning" && entry["message"] == "two\nlines" && entry["label"] == "test")
        #expect(entry.object?.members.map(\.key) == ["at", "level", "label", "message", "a", "b"])
        let time = try #require(entry["at"]?.string)
        #expect(time.count == 24 && time.hasSuffix("Z") && time.dropFirst(10).hasPrefix("T"))
    }

    @Test func theLevelCanBeChangedWhileLoggersExist() throws {
        let (log, logger) = try makeLog()
        var own = logger
        own.logLevel = .trace
        logger.debug("1")
        log.level = .debug
        logger.debug("2")
        log.level = .error
        logger.warning("3")
        own.trace("4")
        #expect(try entries().map { $0["message"] } == ["2", "4"])
    }

    // MARK: - Following

    @Test func theRingKeepsTheLastLines() {
        let ring = LogRing(capacity: 3)
        #expect(ring.last().isEmpty)
        for number in 1...5 { ring.append(.integer(Int64(number * 10))) }
        #expect(ring.last().map(\.number) == [3, 4, 5])
        #expect(ring.last(2).map(\.entry) == [40, 50])
        #expect(ring.last(0).isEmpty && ring.last(-1).isEmpty)
    }

    @Test func aFollowerGetsTheLastLinesAndAllThatCome() async throws {
        let (log, logger) = try makeLog()
        logger.info("before")
        logger.info("just before")
        let stream = log.ring.follow(last: 1)
        logger.info("after")
        var seen: [JSONValue?] = []
        for await line in stream {
            seen.append(line.entry["message"])
            if seen.count == 2 { break }
        }
        #expect(seen == ["just before", "after"])
    }

    @Test func aSlowFollowerSeesTheGap() async {
        let ring = LogRing(capacity: 2)
        var follower = ring.follow().makeAsyncIterator()
        for number in 1...5 { ring.append(.integer(Int64(number))) }
        #expect(await follower.next()?.number == 4)
        #expect(await follower.next()?.number == 5)
    }

    @Test func aFollowerThatIsLetGoIsForgotten() async {
        let ring = LogRing()
        var stream: AsyncStream<LogLine>? = ring.follow()
        #expect(ring.followerCount == 1)
        _ = stream
        stream = nil
        #expect(ring.followerCount == 0)
        ring.append(1)
        let task = Task { for await _ in ring.follow() {} }
        while ring.followerCount == 0 { await Task.yield() }
        task.cancel()
        await task.value
        #expect(ring.followerCount == 0)
    }
}
