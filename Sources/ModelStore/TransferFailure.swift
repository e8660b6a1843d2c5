// SPDX-License-Identifier: Apache-2.0
//
// Why one HTTP request or transfer failed, and whether to try it again.

struct TransferFailure: Error {
    enum Reason {
        /// The host's name or address leads nowhere: there is no network, or no such host.
        case unreachable
        /// The connection failed or broke off on the way.
        case interrupted
        /// The server cannot go on in the middle of a file.
        case rangeIgnored
        case tooLarge
        case untrusted
        case writeFailed
        case toolMissing
        case cancelled
        case http(Int)
        case other
    }

    let reason: Reason
    let message: String

    init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }

    /// The same request may succeed a moment later.
    var isTransient: Bool {
        switch reason {
        case .interrupted: true
        case .http(let status): status == 408 || status == 429 || status >= 500
        default: false
        }
    }

    static func status(_ status: Int, _ address: WebAddress) -> TransferFailure {
        TransferFailure(.http(status), "\(address.authority) answered with HTTP status \(status)")
    }

    /// From curl's exit status (curl(1), "EXIT CODES").
    init(curl outcome: ChildProcess.Outcome, address: WebAddress) {
        let host = address.authority
        let detail = outcome.errorText.split(whereSeparator: \.isNewline).last.map { ": \($0)" } ?? ""
        switch outcome.status {
        case 5: self.init(.unreachable, "could not resolve the proxy's name\(detail)")
        case 6: self.init(.unreachable, "could not resolve host '\(host)': no network, or no such host")
        case 7: self.init(.unreachable, "could not connect to '\(host)'\(detail)")
        case 22:
            let status = Int(String(decoding: outcome.output, as: UTF8.self)) ?? 0
            if status == 416 {
                self.init(.rangeIgnored, "\(host) cannot go on in the middle of the file")
            } else {
                self = .status(status, address)
            }
        case 23: self.init(.writeFailed, "could not write what was downloaded\(detail)")
        case 28: self.init(.interrupted, "'\(host)' took too long\(detail)")
        case 33: self.init(.rangeIgnored, "\(host) cannot go on in the middle of the file")
        case 35, 58, 60, 77, 83:
            self.init(
                outcome.status == 35 ? .interrupted : .untrusted, "no secure connection to '\(host)'\(detail)")
        case 63: self.init(.tooLarge, "'\(host)' sends more than it announced")
        case 16, 18, 52, 55, 56, 92: self.init(.interrupted, "the connection to '\(host)' broke off\(detail)")
        case nil where outcome.signal == 25:
            self.init(.writeFailed, "could not write what was downloaded: this user's file size limit is reached")
        case nil: self.init(.other, "curl was ended by signal \(outcome.signal ?? 0)")
        case .some(let status): self.init(.other, "curl failed with status \(status)\(detail)")
        }
    }

    /// The failure as the store's error, where nothing more is known about it.
    var asStoreError: ModelStoreError {
        switch reason {
        case .unreachable: ModelStoreError(.offline, message)
        case .interrupted, .rangeIgnored: ModelStoreError(.unavailable, message)
        case .http: ModelStoreError(isTransient ? .unavailable : .notFound, message)
        case .tooLarge: ModelStoreError(.corrupt, message)
        case .untrusted, .other: ModelStoreError(.unavailable, message)
        case .writeFailed: ModelStoreError(.fileSystem, message)
        case .toolMissing: ModelStoreError(.toolMissing, message)
        case .cancelled: .cancelled
        }
    }
}
