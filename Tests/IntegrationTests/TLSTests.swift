// SPDX-License-Identifier: Apache-2.0
//
// HTTPS and wss: with certificates made for each test, good, renewed and bad.

import Foundation
import JSON
import TestSupport
import Testing

@Suite(
    .enabled(if: TestHome.isPrepared, "run make test, which builds the executables and pulls the model"),
    .enabled(if: CertificateAuthority.canBeHad, "there is no openssl to make certificates with"))
struct TLSTests {
    private let http = HTTPTests()

    private func home() throws -> (TestHome, CertificateAuthority) {
        let home = try TestHome()
        return (home, try CertificateAuthority("authority", in: home.path))
    }

    private func reload(_ home: TestHome, _ settings: String) throws {
        home.write(settings, to: "config.toml")
        _ = try RawConnection(home.socket).call("daemon.reload")
    }

    @Test func httpsIsSpokenAndNothingElse() throws {
        let (home, authority) = try home()
        home.write(HTTPTests.settings + (try authority.issue("leaf").settings), to: "config.toml")
        try http.start(home)
        let url = try http.url(home)
        #expect(url.hasPrefix("https://127.0.0.1:"))
        #expect(try home.run(["status"]).output.contains(url))
        let trusting = ["--cacert", authority.certificate, url + "/v1/embeddings", "-d", #"{"input":"hello"}"#]
        let answer = try http.curl(trusting)
        #expect(answer.status == 200 && answer.body.contains("\"embedding\""))
        #expect(try http.curl(trusting + ["--tlsv1.2", "--tls-max", "1.2"]).status == 200)
        #expect(try http.curl(trusting + ["--tls-max", "1.1"]).status == 0)

        // Those who trust somebody else, and those who do not speak it.
        let other = try CertificateAuthority("other", in: home.path)
        #expect(try http.curl(["--cacert", other.certificate, url + "/v1/models"]).status == 0)
        #expect(try http.curl([url.replacing("https:", with: "http:") + "/v1/models"]).status == 0)

        // Who may ask is looked at as without TLS.
        #expect(try http.curl(trusting + ["-H", "Host: evil.example"]).status == 421)
        #expect(try http.curl(trusting + ["-H", "Origin: https://evil.example"]).status == 403)
        #expect(try http.curl(trusting + ["-H", "Origin: \(url.replacing("https:", with: "http:"))"]).status == 403)
        #expect(try http.curl(trusting + ["-H", "Origin: \(url)"]).status == 200)
        #expect(try http.curl(trusting).status == 200)
    }

    @Test func othersNeedATokenAllTheSame() throws {
        let (home, authority) = try home()
        let settings = "[http]\nenabled = true\naddress = \"0.0.0.0:0\"\n" + (try authority.issue("leaf").settings)
        home.write(settings, to: "config.toml")
        try http.start(home)
        #expect(try http.http(home)?["error"]?.string?.contains("http.token") == true)
        try reload(home, settings + "token = \"secret\"\n")
        try http.wait { try http.http(home)?["listening"] == true }
        let models = try http.url(home).replacing("0.0.0.0", with: "127.0.0.1") + "/v1/models"
        #expect(try http.curl(["--cacert", authority.certificate, models]).status == 401)
        let token = ["-H", "Authorization: Bearer secret"]
        #expect(try http.curl(["--cacert", authority.certificate, models] + token).status == 200)
    }

    @Test func aReloadTakesARenewedCertificate() throws {
        let (home, authority) = try home()
        let settings = HTTPTests.settings + (try authority.issue("leaf").settings)
        home.write(settings, to: "config.toml")
        try http.start(home)
        let url = try http.url(home)
        let renewed = try CertificateAuthority("renewed", in: home.path)
        _ = try renewed.issue("leaf")
        // Until it is told, the daemon knows nothing of it.
        #expect(try http.curl(["--cacert", authority.certificate, url + "/v1/models"]).status == 200)
        try reload(home, settings)
        try http.wait { try http.curl(["--cacert", renewed.certificate, url + "/v1/models"]).status == 200 }
        #expect(try http.curl(["--cacert", authority.certificate, url + "/v1/models"]).status == 0)
        // And without TLS at all.
        try reload(home, HTTPTests.settings)
        try http.wait { try http.url(home).hasPrefix("http://") }
        try http.wait { try http.curl([try http.url(home) + "/v1/models"]).status == 200 }
    }

    @Test func wrongFilesCostHTTPAndNotTheDaemon() throws {
        let (home, authority) = try home()
        let good = try authority.issue("good")
        let other = try authority.issue("other")
        let expired = try authority.issue("expired", days: -1)
        let open = try authority.issue("open")
        chmod(open.key, 0o640)
        let garbage = home.path + "/garbage.pem"
        writeFile("-----BEGIN CERTIFICATE-----\n", to: garbage)
        chmod(garbage, 0o600)
        let missing = home.path + "/missing.pem"
        func files(_ certificate: String, _ key: String) -> CertificateAuthority.Issued {
            CertificateAuthority.Issued(certificate: certificate, key: key)
        }
        let wrong: [(files: CertificateAuthority.Issued, named: String, reason: String)] = [
            (files(missing, good.key), missing, "No such file"),
            (files(good.certificate, missing), missing, "No such file"),
            (files(garbage, good.key), garbage, "no certificate"),
            (files(good.certificate, garbage), garbage, "no private key"),
            (files(good.certificate, other.key), other.key, "not the key"),
            (files(expired.certificate, expired.key), expired.certificate, "expired on"),
            (files(open.certificate, open.key), open.key, "chmod 600"),
            (files(home.path, good.key), home.path, "directory"),
        ]
        home.write(HTTPTests.settings + wrong[0].files.settings, to: "config.toml")
        try http.start(home)
        for each in wrong {
            try reload(home, HTTPTests.settings + each.files.settings)
            try http.wait {
                let error = try http.http(home)?["error"]?.string ?? ""
                return error.contains("'\(each.named)'") && error.contains(each.reason)
            }
            #expect(try http.http(home)?["listening"] == false)
        }
        #expect(try home.run(["status"]).output.contains("directory"))
        #expect(try home.run(["embed", "hello"]).status == 0)
        // On a socket that only its owner can open, it would be of no use.
        try reload(home, "[http]\nenabled = true\naddress = \"unix:\(home.path)/http.sock\"\n" + good.settings)
        try http.wait { try http.http(home)?["error"]?.string?.contains("needs no TLS") == true }
        try reload(home, HTTPTests.settings + good.settings)
        try http.wait { try http.http(home)?["listening"] == true }
        #expect(try http.curl(["--cacert", authority.certificate, try http.url(home) + "/v1/models"]).status == 200)
    }

    @Test func theDoctorSeesTheEndComing() throws {
        let (home, authority) = try home()
        for (name, days, said) in [("long", 30, "ends on"), ("short", 5, "in 4 days"), ("over", -1, "expired on")] {
            home.write(HTTPTests.settings + (try authority.issue(name, days: days).settings), to: "config.toml")
            let report = try home.run(["doctor"]).output
            #expect(report.contains(said), "\(report)")
        }
        home.write(HTTPTests.settings + "tls_key = \"/key.pem\"\n", to: "config.toml")
        let check = try home.run(["config", "check"])
        #expect(check.status != 0 && (check.output + check.errors).contains("http.tls_certificate"))
    }

    /// With Python's own TLS: the protocol over wss, and clients that are slow or leave in the middle.
    @Test func webSocketsAndImpoliteClients() throws {
        let (home, authority) = try home()
        home.write(HTTPTests.settings + (try authority.issue("leaf").settings), to: "config.toml")
        try http.start(home)
        let script = repositoryFile("Tests/IntegrationTests/Clients/tls_clients.py")
        let result = try TestHome.run(
            "/usr/bin/env", ["python3", script, try http.url(home), authority.certificate],
            environment: ["PATH": variable("PATH") ?? "/usr/bin:/bin", "HOME": home.path])
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(try home.run(["embed", "hello"]).status == 0)
    }
}
