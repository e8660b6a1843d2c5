// SPDX-License-Identifier: Apache-2.0
//
// HTTP by way of curl: one request, or one transfer into a file. Addresses and
// tokens go in on standard input, where `ps` does not show them.

struct Curl: Sendable {
    struct Response: Sendable {
        let status: Int
        /// In the order they came, names in lower case.
        let headers: [(name: String, value: String)]
        let body: [UInt8]

        subscript(_ name: String) -> String? { headers.last { $0.name == name }?.value }
    }

    let process: ChildProcess
    let policy: PullPolicy

    init(environment: [String: String], policy: PullPolicy) {
        process = ChildProcess(environment: environment)
        self.policy = policy
    }

    /// HEAD, or GET with the body kept in memory. Redirects are not followed, any status is a response.
    func request(
        _ address: WebAddress, token: String?, wantsBody: Bool, limit: Int = 16 << 20
    ) async throws(TransferFailure) -> Response {
        let output = try await run(
            address, token: token,
            [wantsBody ? "--include" : "--head", "--max-time", Self.seconds(policy.requestTimeout)], limit: limit)
        guard let response = Self.response(output) else {
            throw TransferFailure(.interrupted, "\(address.authority) sent no HTTP answer")
        }
        return response
    }

    /// GET into a file, going on behind what it already holds. Redirects are followed only without a token.
    func download(
        _ address: WebAddress, token: String?, to path: String, from offset: Int64, bytes: Int64
    ) async throws(TransferFailure) {
        var arguments = [
            "--fail", "--output", path, "--max-filesize", String(max(1, bytes)), "--write-out", "%{http_code}",
            "--speed-limit", "1", "--speed-time", Self.seconds(policy.stallTimeout),
        ]
        if token == nil { arguments += ["--location", "--max-redirs", "8"] }
        if offset > 0 { arguments += ["--continue-at", String(offset)] }
        let output = try await run(address, token: token, arguments, limit: 4096)
        let status = Int(String(decoding: output, as: UTF8.self)) ?? 0
        guard (200..<300).contains(status) else { throw .status(status, address) }
    }

    // MARK: - One run

    private func run(
        _ address: WebAddress, token: String?, _ arguments: [String], limit: Int
    ) async throws(TransferFailure) -> [UInt8] {
        // `--disable` keeps ~/.curlrc from changing what curl prints.
        let common = [
            "--disable", "--config", "-", "--silent", "--show-error", "--globoff", "--suppress-connect-headers",
            "--proto", "=http,https", "--proto-redir", address.scheme == "https" ? "=https" : "=http,https",
            "--connect-timeout", Self.seconds(policy.connectTimeout), "--user-agent", "hearth",
        ]
        var config = "url = \(Self.quoted(address.description))\nheader = \"Accept-Encoding: identity\"\n"
        if let token { config += "header = \(Self.quoted("Authorization: Bearer \(token)"))\n" }
        let outcome: ChildProcess.Outcome
        do throws(ChildProcess.Failure) {
            outcome = try await process.run("curl", common + arguments, input: config, limit: limit)
        } catch {
            switch error {
            case .notInstalled:
                throw TransferFailure(
                    .toolMissing, "curl is needed for downloads and was not found in PATH; install it")
            case .cancelled: throw TransferFailure(.cancelled, "cancelled")
            case .failed(let message): throw TransferFailure(.other, message)
            }
        }
        guard outcome.status == 0 else { throw TransferFailure(curl: outcome, address: address) }
        return outcome.output
    }

    /// Splits `--include` or `--head` output. Answers in between, such as "100 Continue", come first and are dropped.
    private static func response(_ output: [UInt8]) -> Response? {
        var rest = output[...]
        while true {
            guard let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
            let lines = String(decoding: rest[..<end.lowerBound], as: UTF8.self)
                .split(whereSeparator: { $0 == "\r\n" })
            rest = rest[end.upperBound...]
            guard let first = lines.first, first.hasPrefix("HTTP/"),
                let status = first.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
            else { return nil }
            if (100..<200).contains(status) { continue }
            let headers = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
                guard let colon = line.firstIndex(of: ":") else { return nil }
                let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
                return (line[..<colon].lowercased(), String(value))
            }
            return Response(status: status, headers: headers, body: Array(rest))
        }
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.reduce(into: "") { $0 += $1 == "\"" || $1 == "\\" ? "\\\($1)" : String($1) }
        return "\"\(escaped)\""
    }

    private static func seconds(_ duration: Duration) -> String {
        String(max(1, duration.components.seconds))
    }
}
