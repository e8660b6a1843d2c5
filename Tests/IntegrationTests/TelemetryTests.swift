// SPDX-License-Identifier: Apache-2.0
//
// What a collector of OpenTelemetry hears of a daemon's requests.

import Foundation
import TestSupport
import Testing

@Suite(.enabled(if: TestHome.isPrepared, "run make test, which builds the executables and pulls the model"))
struct TelemetryTests {
    /// Over the socket, HTTP and a WebSocket; turned on and off; at the end.
    @Test func requestsBecomeSpans() throws {
        let home = try TestHome()
        let script = repositoryFile("Tests/IntegrationTests/Clients/collector.py")
        let result = try TestHome.run(
            "/usr/bin/env", ["python3", script, TestHome.executable("hearth"), home.path],
            environment: home.environment())
        #expect(result.status == 0, "\(result.output)\(result.errors)")
    }

    @Test func whatIsNoCollectorIsSaid() throws {
        let home = try TestHome()
        home.write("[telemetry]\notlp_endpoint = \"http://user@host\"\n", to: "config.toml")
        #expect(try home.run(["embed", "hello"]).status == 0)
        let doctor = try home.run(["doctor"]).output
        #expect(doctor.contains("'telemetry'") && doctor.contains("otlp_endpoint"), "\(doctor)")
    }
}
