// SPDX-License-Identifier: Apache-2.0
//
// Signs certificates for localhost, by openssl(1).

import Foundation
import TestSupport
import Testing

struct CertificateAuthority {
    struct Issued {
        /// Files in PEM.
        let certificate: String
        let key: String

        /// What config.toml says of them.
        var settings: String { "tls_certificate = \"\(certificate)\"\ntls_key = \"\(key)\"\n" }
    }

    static let canBeHad = (try? openssl(["version"]).status) == 0

    private let folder: String
    private let name: String
    /// Its own certificate, which clients are to trust.
    var certificate: String { "\(folder)/\(name).pem" }

    init(_ name: String, in folder: String) throws {
        (self.name, self.folder) = (name, folder)
        try Self.check(
            ["req", "-x509"] + Self.newKey + ["-keyout", "\(folder)/\(name).key", "-out", "\(folder)/\(name).pem"]
                + ["-days", "30", "-subj", "/CN=\(name)"])
    }

    /// - Parameter days: for how long it is valid; less than none for one that has expired.
    func issue(_ name: String, days: Int = 30) throws -> Issued {
        let file = "\(folder)/\(name)"
        try Self.check(
            ["req", "-new"] + Self.newKey + ["-keyout", "\(file).key", "-out", "\(file).csr", "-subj", "/CN=localhost"])
        writeFile("subjectAltName=DNS:localhost,IP:127.0.0.1\n", to: "\(file).ext")
        try Self.check(
            ["x509", "-req", "-in", "\(file).csr", "-CA", certificate, "-CAkey", "\(folder)/\(self.name).key"]
                + ["-set_serial", "\(UInt32.random(in: 1...UInt32.max))", "-days", "\(days)"]
                + ["-extfile", "\(file).ext", "-out", "\(file).pem"])
        chmod("\(file).key", 0o600)
        return Issued(certificate: "\(file).pem", key: "\(file).key")
    }

    private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    private static func check(_ arguments: [String]) throws {
        let result = try openssl(arguments)
        try #require(result.status == 0, "\(result.errors)")
    }

    private static func openssl(_ arguments: [String]) throws -> TestHome.Finished {
        try TestHome.run(
            "/usr/bin/env", ["openssl"] + arguments,
            environment: ["PATH": variable("PATH") ?? "/usr/bin:/bin"])
    }
}
