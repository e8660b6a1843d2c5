// SPDX-License-Identifier: Apache-2.0
//
// What the daemon shows of itself to clients of HTTPS: a certificate, and the
// key that proves it is its own. Knows no files.

import NIOCore
import NIOSSL

public struct TLSIdentity: Sendable {
    /// Why there is none.
    public enum Flaw: Error, Sendable {
        case noCertificate
        /// Or one that is kept behind a passphrase.
        case noKey
        /// The key belongs to another certificate.
        case mismatch
    }

    /// When the certificate's time begins and when it ends, in seconds since 1970.
    public let begin: Double
    public let end: Double
    private let context: NIOSSLContext

    /// - Parameters:
    ///   - certificate: in PEM, with those that vouch for it behind it.
    ///   - key: in PEM.
    public init(certificate: [UInt8], key: [UInt8]) throws(Flaw) {
        guard !certificate.isEmpty, let chain = try? NIOSSLCertificate.fromPEMBytes(certificate), let own = chain.first
        else { throw .noCertificate }
        guard !key.isEmpty, let key = try? NIOSSLPrivateKey(bytes: key, format: .pem) else { throw .noKey }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        // A client that is gone need not say goodbye.
        configuration.shutdownTimeout = .seconds(1)
        guard let context = try? NIOSSLContext(configuration: configuration) else { throw .mismatch }
        self.context = context
        (begin, end) = (Double(own.notValidBefore), Double(own.notValidAfter))
    }

    /// What a connection's bytes go through first.
    func handler() -> NIOSSLServerHandler { NIOSSLServerHandler(context: context) }
}
