// SPDX-License-Identifier: Apache-2.0
//
// The log file: turned over, removed, written by several at a time.

import JSON
import Observability
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct LogFileTests {
    private let folder = TemporaryFolder()

    private func log(_ size: Int, keep: Int) throws -> JSONLinesLog {
        try JSONLinesLog(
            path: folder.path + "/log", rotation: LogRotation(maximumSize: size, keep: keep))
    }

    private func numbers(_ name: String = "log") -> [Int]? {
        folder.text(of: name).map { text in text.split(separator: "\n").compactMap { Int($0) } }
    }

    @Test func aFullFileIsTurnedOver() throws {
        // Three lines of two bytes fit.
        let log = try log(6, keep: 2)
        for number in 1...10 { log.append(.integer(Int64(number % 10))) }
        #expect(numbers() == [0])
        #expect(numbers("log.1") == [7, 8, 9])
        #expect(numbers("log.2") == [4, 5, 6])
        #expect(numbers("log.3") == nil)
    }

    @Test func noneMayBeKept() throws {
        let log = try log(6, keep: 0)
        for number in 1...4 { log.append(.integer(Int64(number))) }
        #expect(numbers() == [4] && numbers("log.1") == nil)
    }

    @Test func aLineLongerThanTheLimitIsWritten() throws {
        let log = try log(4, keep: 1)
        for number in [1, 123_456_789, 2] { log.append(.integer(Int64(number))) }
        #expect(numbers() == [2] && numbers("log.1") == [123_456_789])
    }

    @Test func itGoesOnAfterTheFileWasRemoved() throws {
        let log = try log(1000, keep: 1)
        log.append(1)
        folder.remove("log")
        log.append(2)
        #expect(numbers() == [2])
        rename(folder.path + "/log", folder.path + "/moved")
        log.append(3)
        #expect(numbers() == [3] && numbers("moved") == [2])
    }

    @Test func itGoesOnAfterTheFolderWasRemoved() throws {
        let log = try JSONLinesLog(path: folder.path + "/a/b/log")
        log.append(1)
        folder.remove("a")
        log.append(2)
        #expect(numbers("a/b/log") == [2])
    }

    @Test func aFileThatCannotBeMadeIsAnError() throws {
        var message = ""
        do { _ = try JSONLinesLog(path: folder.path) } catch { message = error.description }
        #expect(message.contains(folder.path) && message.contains("cannot write the log"))
    }

    /// Several logs on one file stand for several processes: each has its own descriptor and knows nothing of the others.
    @Test func severalWritersLoseNothing() async throws {
        let writers = 4
        let lines = 500
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask { [folder] in
                    let rotation = LogRotation(maximumSize: 1000, keep: 100)
                    guard let log = try? JSONLinesLog(path: folder.path + "/log", rotation: rotation) else { return }
                    for line in 0..<lines { log.append(.integer(Int64(writer * lines + line))) }
                }
            }
        }
        var all: [Int] = []
        var files = 0
        for name in ["log"] + (1...100).map({ "log.\($0)" }) {
            guard let found = numbers(name) else { continue }
            all += found
            files += 1
        }
        #expect(all.sorted() == Array(0..<writers * lines))
        // How much others write to a file while it is turned over is up to the scheduler.
        #expect(files > 1)
    }
}
