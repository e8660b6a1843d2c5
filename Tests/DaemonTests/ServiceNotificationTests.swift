// SPDX-License-Identifier: Apache-2.0
//
// What systemd hears.

import Daemon
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct ServiceNotificationTests {
    @Test func messages() {
        func message(_ states: ServiceNotification.State...) -> String {
            ServiceNotification.message(states, at: .milliseconds(12_345_678))
        }
        #expect(message(.ready, .status("listening\non two\r\nlines")) == "READY=1\nSTATUS=listening on two lines")
        #expect(message(.stopping) == "STOPPING=1")
        #expect(message(.reloading) == "RELOADING=1\nMONOTONIC_USEC=12345678000")
        #expect(message(.watchdog) == "WATCHDOG=1")
    }

    @Test func aDatagramArrives() throws {
        let manager = UnixSocket(stream: false)
        let notification = try #require(ServiceNotification(environment: ["NOTIFY_SOCKET": manager.path]))
        #expect(notification.send(.ready, .status("x")))
        #expect(manager.receive() == "READY=1\nSTATUS=x")
        #expect(notification.send(.reloading))
        let reload = try #require(manager.receive())
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let sent = try #require(Int(reload.split(separator: "=").last ?? ""))
        #expect(sent > 0 && sent / 1_000_000 <= time.tv_sec)
    }

    #if os(Linux)
        @Test func anAbstractSocketIsReachedToo() throws {
            let manager = UnixSocket(abstract: "hearth-test-\(getpid())")
            let notification = try #require(ServiceNotification(environment: ["NOTIFY_SOCKET": manager.path]))
            #expect(notification.send(.watchdog))
            #expect(manager.receive() == "WATCHDOG=1")
        }
    #endif

    @Test func aManagerThatIsNotThereIsNoProblem() throws {
        for address in ["/nowhere/notify", "@hearth-nobody", "/" + String(repeating: "x", count: 200)] {
            let notification = try #require(ServiceNotification(environment: ["NOTIFY_SOCKET": address]))
            #expect(!notification.send(.ready))
        }
    }

    @Test(arguments: [
        [:], ["NOTIFY_SOCKET": ""], ["NOTIFY_SOCKET": "@"], ["NOTIFY_SOCKET": "vsock:2:1234"],
        ["NOTIFY_SOCKET": "relative"],
    ])
    func nobodyListens(environment: [String: String]) {
        #expect(ServiceNotification(environment: environment) == nil)
    }

    @Test(
        arguments: [
            (["WATCHDOG_USEC": "30000000"], .seconds(15)),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"], .seconds(15)),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"], nil), (["WATCHDOG_USEC": "0"], nil),
            (["WATCHDOG_USEC": "soon"], nil), ([:], nil),
        ] as [([String: String], Duration?)])
    func theWatchdogIsFedTwiceAsOften(variables: [String: String], interval: Duration?) throws {
        let environment = variables.merging(["NOTIFY_SOCKET": "/x"]) { $1 }
        #expect(try #require(ServiceNotification(environment: environment, processID: 7)).watchdogInterval == interval)
    }
}

@Suite struct DescriptorLimitTests {
    @Test(arguments: [
        (1024, 4096, 65536, 4096), (1024, 1 << 40, 2000, 2000), (5000, 8000, 2000, 5000), (256, 256, 512, 256),
        (10, 20, -1, 10),
    ])
    func target(soft: Int, hard: Int, cap: Int, expected: Int) {
        #expect(DescriptorLimit.target(soft: UInt64(soft), hard: UInt64(hard), cap: cap) == UInt64(expected))
    }

    @Test func raisingIsHarmlessAndSaysTheLimit() throws {
        let first = try #require(DescriptorLimit.raise())
        #expect(try #require(DescriptorLimit.raise(to: 1)) == first && first > 0)
    }
}
