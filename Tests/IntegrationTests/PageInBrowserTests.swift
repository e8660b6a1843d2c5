// SPDX-License-Identifier: Apache-2.0
//
// The page that the daemon serves, as a browser shows it; what is checked is in Clients/page_in_browser.py.

import Foundation
import Testing

@Suite(.enabled(if: TestHome.isPrepared, "run make test, which builds the executables and pulls the model"))
struct PageInBrowserTests {
    private static let python = TestHome.variable("HEARTH_TEST_PYTHON") ?? ""
    private static let chromium = TestHome.variable("HEARTH_TEST_CHROMIUM") ?? ""

    /// Its pictures are in `.build/page` afterwards.
    @Test(
        .enabled(if: !python.isEmpty, "playwright could not be installed: no network"),
        .enabled(if: !chromium.isEmpty, "there is no Chromium; as root on Debian: Scripts/setup browser"))
    func thePageIsLiveReadableAndOutlivesARestart() throws {
        let home = try TestHome()
        let tests = String(#filePath.dropLast("/PageInBrowserTests.swift".count))
        let pictures = tests + "/../../.build/page"
        let result = try TestHome.run(
            Self.python,
            [tests + "/Clients/page_in_browser.py", TestHome.executable("hearth"), Self.chromium, pictures],
            environment: home.environment())
        #expect(result.status == 0, "\(result.output)\(result.errors)")
    }
}
