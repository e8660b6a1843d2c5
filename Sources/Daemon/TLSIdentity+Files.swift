// SPDX-License-Identifier: Apache-2.0
//
// The certificate and the key of HTTPS, from the files that the settings name.

public import Configuration
public import Gateways
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension TLSIdentity {
    /// Nil where the settings name none: HTTP without TLS.
    /// - Throws: which file cannot be used, and why.
    public init?(_ settings: Configuration.HTTP) throws(StartupError) {
        guard let certificate = settings.tlsCertificate, let key = settings.tlsKey else { return nil }
        let chain = try SettingsFile(certificate, holding: "certificate", isSecret: false)
        let secret = try SettingsFile(key, holding: "private key", isSecret: true)
        do throws(Flaw) {
            try self.init(certificate: chain.bytes, key: secret.bytes)
        } catch {
            throw switch error {
            case .noCertificate: StartupError("'\(certificate)' (http.tls_certificate) holds no certificate in PEM")
            case .noKey:
                StartupError(
                    "'\(key)' (http.tls_key) holds no private key in PEM, or one with a passphrase, which is not taken")
            case .mismatch:
                StartupError("'\(key)' (http.tls_key) is not the key of the certificate in '\(certificate)'")
            }
        }
        let now = unixTime()
        if now > end {
            throw StartupError(
                "the certificate in '\(certificate)' (http.tls_certificate) expired on \(Self.day(end)); renew it")
        }
        if now < begin {
            throw StartupError(
                "the certificate in '\(certificate)' (http.tls_certificate) is valid from \(Self.day(begin)) on")
        }
    }

    /// When the certificate ends, as "2027-01-31".
    public var lastDay: String { Self.day(end) }

    private static func day(_ time: Double) -> String {
        var moment = time_t(time)
        var parts = tm()
        gmtime_r(&moment, &parts)
        var text = [CChar](repeating: 0, count: 32)
        strftime(&text, text.count, "%Y-%m-%d", &parts)
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
