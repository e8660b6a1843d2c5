// SPDX-License-Identifier: Apache-2.0
//
// Failed starts: when they forbid the next one, for how long, and what makes
// them forgotten.

import HearthClient
import JSON
import Testing
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct StartHistoryTests {
    private func history(_ times: [Double]) -> StartHistory {
        var history = StartHistory()
        for time in times { history.recordFailure("at \(Int(time))", at: time) }
        return history
    }

    @Test func twoFailuresForbidNothing() {
        #expect(history([0, 1]).refusal(at: 1) == nil)
        #expect(StartHistory().refusal(at: 0) == nil)
    }

    @Test func threeWithinAMinuteDo() throws {
        let refusal = try #require(history([0, 30, 60]).refusal(at: 61))
        #expect(refusal.until == 70 && refusal.failures == 3 && refusal.last.reason == "at 60")
        #expect(history([0, 30, 60]).refusal(at: 70) == nil)
        #expect(history([0, 30, 61]).refusal(at: 61) == nil)
    }

    @Test func theTimeGrowsUpToABound() {
        var history = history([0, 1, 2])
        var time = 2.0
        var delays: [Double] = []
        for _ in 0..<40 {
            guard let refusal = history.refusal(at: time) else { break }
            delays.append(refusal.until - time)
            time = refusal.until
            history.recordFailure("again", at: time)
        }
        #expect(delays.count == 40)
        #expect(delays.prefix(7) == [10, 20, 40, 80, 160, 320, 600] && delays.dropFirst(7).allSatisfy { $0 == 600 })
        #expect(history.failures.count == 10 && history.failureCount == 43)
    }

    @Test func aFailureLongAfterwardsBeginsAnew() {
        #expect(history([0, 1, 2, 2000]).refusal(at: 2000) == nil)
        #expect(history([0, 1, 2, 2000, 2001, 2002]).refusal(at: 2003)?.until == 2012)
    }

    @Test func aDaemonThatDiesSoonHasFailed() {
        var history = history([0, 1])
        history.recordListening(at: 2)
        #expect(history.refusal(at: 3) == nil)
        history.recordAbsence(leftItsSocket: true, at: 5)
        #expect(history.refusal(at: 5)?.last.reason == "it died within 4 s of its start")
    }

    @Test(arguments: [(false, 3.0), (true, 40.0), (true, -10)])
    func aDaemonThatStoppedOrLivedLongForgetsFailures(leftItsSocket: Bool, at time: Double) {
        var history = history([0, 1])
        history.recordListening(at: 2)
        history.recordAbsence(leftItsSocket: leftItsSocket, at: time)
        #expect(history.failures.isEmpty && history.listeningSince == nil)
    }

    @Test func aClockThatWasSetBackForbidsNothing() {
        var history = history([1000, 1001, 1002])
        #expect(history.refusal(at: 5) == nil)
        history.recordAbsence(leftItsSocket: false, at: 5)
        #expect(history.failures.isEmpty)
    }

    @Test func itSurvivesTheFile() {
        var history = history([1.5, 2])
        history.recordListening(at: 3)
        #expect(StartHistory(json: history.json) == history)
        #expect(StartHistory(json: ["failures": [1, ["at": 2]], "listening_since": "x"]) == StartHistory())
    }

    // MARK: - Through the client

    private func connect(_ home: TemporaryHome, _ script: String, isExplicit: Bool = false) -> String {
        var options = ClientOptions()
        options.policy = .sharedDaemon
        options.isExplicitStart = isExplicit
        do throws(ClientError) {
            _ = try HearthClient(environment: home.environment(daemon: script), options: options)
            return "connected"
        } catch {
            return "\(error)"
        }
    }

    /// The executable is older than the failures, as it is outside of tests.
    private func failingScript(_ home: TemporaryHome) -> String {
        let script = home.script("hearthd", "echo start >> \(home.path)/starts; echo 'error: no luck' >&3; exit 1")
        date(script, 1000)
        return script
    }

    /// File systems look at a clock that is some milliseconds behind; so tests say when a file was written.
    private func date(_ path: String, _ seconds: Int) {
        var times = [timeval(tv_sec: seconds, tv_usec: 0), timeval(tv_sec: seconds, tv_usec: 0)]
        utimes(path, &times)
    }

    private func starts(_ home: TemporaryHome) -> Int { home.contents(of: "starts").split(separator: "\n").count }

    @Test func aDaemonThatCannotStartIsNotStartedAgainAndAgain() throws {
        let home = TemporaryHome()
        let script = failingScript(home)
        for _ in 0..<3 { #expect(connect(home, script).contains("could not start: no luck")) }
        for _ in 0..<3 {
            let reason = connect(home, script)
            #expect(reason.contains("hearthd failed to start 3 times") && reason.contains("no luck"), "\(reason)")
            #expect(reason.contains("'hearth start' tries at once"))
        }
        #expect(starts(home) == 3)
        #expect(StartHistory(readingFrom: try home.paths.startHistory).failures.count == 3)

        #expect(connect(home, script, isExplicit: true).contains("could not start: no luck"))
        #expect(starts(home) == 4)
        #expect(connect(home, script).contains("failed to start 4 times"))
    }

    @Test func anotherConfigurationIsTried() {
        let home = TemporaryHome()
        let script = failingScript(home)
        for _ in 0..<4 { _ = connect(home, script) }
        #expect(starts(home) == 3)
        home.write("[daemon]\n", to: "config.toml")
        date(home.path + "/config.toml", time(nil) + 60)
        #expect(connect(home, script).contains("could not start: no luck"))
        #expect(starts(home) == 4)
        date(home.path + "/config.toml", 1000)
        #expect(connect(home, script).contains("failed to start 4 times"))
    }

    @Test func anUnreadableHistoryIsNone() throws {
        let home = TemporaryHome()
        home.write("{\"failures\": [", to: "run/hearth.sock.starts")
        let script = failingScript(home)
        #expect(connect(home, script).contains("could not start: no luck"))
        #expect(StartHistory(readingFrom: try home.paths.startHistory).failures.count == 1)
    }

    @Test func aStartThatWentWellIsRemembered() throws {
        let home = TemporaryHome()
        let script = ListeningScript(home) { connection, _, id in connection.reply(id, 1) }
        #expect(connect(home, script.path) == "connected")
        #expect(StartHistory(readingFrom: try home.paths.startHistory).listeningSince != nil)
    }
}
