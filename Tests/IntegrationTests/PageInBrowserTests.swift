// SPDX-License-Identifier: Apache-2.0
//
// The page that the daemon serves, as a browser shows it; what is checked is in Clients/page_in_browser.py.

import Foundation
import TestSupport
import Testing

@Suite(.enabled(if: TestHome.isPrepared, "run make test, which builds the executables and pulls the model"))
struct PageInBrowserTests {
    private static let python = variable("HEARTH_TEST_PYTHON") ?? ""
    private static let chromium = variable("HEARTH_TEST_CHROMIUM") ?? ""

    /// Its pictures are in `.build/page` afterwards.
    @Test(
        .enabled(if: !python.isEmpty, "playwright could not be installed: no network"),
        .enabled(if: !chromium.isEmpty, "there is no Chromium; as root on Debian: Scripts/setup browser"))
    func thePageIsLiveReadableAndOutlivesARestart() throws {
        let home = try TestHome()
        let script = repositoryFile("Tests/IntegrationTests/Clients/page_in_browser.py")
        let pictures = repositoryFile(".build/page")
        let result = try TestHome.run(
            Self.python,
            [script, TestHome.executable("hearth"), Self.chromium, pictures],
            environment: home.environment())
        #expect(result.status == 0, "\(result.output)\(result.errors)")
    }
}
