// SPDX-License-Identifier: Apache-2.0
//
// What may be a certificate and its key, and clients that never get through the
// handshake. With clients that do, the executables are tested.

import Gateways
import Testing

@Suite struct TLSTests {
    private func identity() throws -> TLSIdentity {
        try TLSIdentity(certificate: Array(Self.certificate.utf8), key: Array(Self.key.utf8))
    }

    @Test func aCertificateSaysHowLongItIsValid() throws {
        let identity = try identity()
        #expect(identity.begin == 1_795_289_151)
        #expect(identity.end == 4_948_889_151)
    }

    @Test(arguments: ["", "nothing", "-----BEGIN CERTIFICATE-----\n####\n-----END CERTIFICATE-----\n"])
    func whatIsNoCertificate(text: String) {
        #expect(throws: TLSIdentity.Flaw.noCertificate) {
            try TLSIdentity(certificate: Array(text.utf8), key: Array(Self.key.utf8))
        }
    }

    @Test(arguments: ["", "nothing", "-----BEGIN PRIVATE KEY-----\n####\n-----END PRIVATE KEY-----\n", locked])
    func whatIsNoKey(text: String) {
        #expect(throws: TLSIdentity.Flaw.noKey) {
            try TLSIdentity(certificate: Array(Self.certificate.utf8), key: Array(text.utf8))
        }
    }

    @Test func theKeyOfAnother() {
        #expect(throws: TLSIdentity.Flaw.mismatch) {
            try TLSIdentity(certificate: Array(Self.certificate.utf8), key: Array(Self.otherKey.utf8))
        }
    }

    // MARK: - Handshakes

    /// The beginning of a ClientHello that promises 512 bytes.
    private static let beginning: [UInt8] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03]

    @Test(arguments: [[], beginning])
    func aHandshakeThatDoesNotGoOnEnds(bytes: [UInt8]) async throws {
        var limits = HTTPLimits.patient()
        limits.headTimeout = .milliseconds(50)
        let server = try await TestServer(limits: limits, tls: try identity())
        try await blocking { [port = server.port] in
            let client = try RawClient(port)
            client.send(bytes)
            let said = client.rest()
            // Perhaps that it hangs up; nothing that needs the handshake.
            #expect(said.isEmpty || said.first == 0x15, "\(said)")
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "\u{0}\u{1}\u{2}", String(repeating: "x", count: 100_000),
    ])
    func whatIsNoTLSIsNotAnswered(text: String) async throws {
        let server = try await TestServer(tls: try identity())
        try await blocking { [port = server.port] in
            let client = try RawClient(port)
            client.send(text)
            client.stopSending()
            let said = client.rest()
            #expect(said.isEmpty || said.first == 0x15, "\(said)")
            // It is still there for others.
            #expect(throws: Never.self) { try RawClient(port) }
        }
    }

    // MARK: - Made by `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 36500`

    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBmzCCAUGgAwIBAgIUJgc6YymRYKla7NRZAOn/35C6hvEwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTE5MjU1MVoYDzIxMjYxMDI4
        MTkyNTUxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAARKVfM2vsP+vMo0Bh1Ig5f29TU+Nun0KOeNaevt5VOo1F293yeOA+6S
        GcO/An4fCuDHxDqU9uKO8kO14Ag20zdvo28wbTAdBgNVHQ4EFgQU7jmoLpyvDPA9
        PfeQqZQnyFm6M/4wHwYDVR0jBBgwFoAU7jmoLpyvDPA9PfeQqZQnyFm6M/4wDwYD
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
        zj0EAwIDSAAwRQIhAIdCU6OAM2NkH+WA5vB51GxJl/zvlA2Jh7/UInmHmAohAiAr
        I2NGj91wPBPa4Mxxf+vwsavpTfPXirBak3WjcDmwjg==
        -----END CERTIFICATE-----
        """

    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgi+AJxvNFcmBLFtP+
        REPqKTnsOOepnkDfkkNbAnCy8/ShRANCAARKVfM2vsP+vMo0Bh1Ig5f29TU+Nun0
        KOeNaevt5VOo1F293yeOA+6SGcO/An4fCuDHxDqU9uKO8kO14Ag20zdv
        -----END PRIVATE KEY-----
        """

    private static let otherKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgcGtK6A6jSbsq0kUL
        CovwEAmdVPZRpvzIeK/MKlyjSPWhRANCAAQYpoC/xhlEUaxFQUwIcPZLadmpFmqi
        ICoeUKJ2DPnk9StsJz8C0prxrzmqs6K6X11oDphwNOoflkfv0oQhy387
        -----END PRIVATE KEY-----
        """

    /// Behind a passphrase.
    private static let locked = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjXt3UnaWDsagICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEI3UOwj5iOkXaZMwNgBvx80EgZDF
        Y5weHgVlwTf/lU7aqtTOiD7IvVoQKlmmxBYSp4TgIa4kzJZ/QnuxdQUyg49uo+Ur
        sQ7T19mSD6wbjeCGczAmnj3Zo7HaPCmCaDbCwFc/AZnTRxyT7kFKjnDyEfObTebW
        FnsP0Mky59nQ8cVskZWrj9Ou0GNhaENw6D24isSafhXEkxZM+G9qMzLKo4ljA5U=
        -----END ENCRYPTED PRIVATE KEY-----
        """
}
