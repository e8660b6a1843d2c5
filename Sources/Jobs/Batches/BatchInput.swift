// SPDX-License-Identifier: Apache-2.0
//
// The requests of a batch's file, in their order.

struct BatchInput {
    /// Requests in a batch; the limit of OpenAI's API.
    static let maximumRequests = 50_000
    /// Problems that are told; there is no use in more.
    static let maximumProblems = 100

    private let lines: LineReader
    private let endpoint: String

    init(_ path: String, endpoint: String) throws(JobsError) {
        lines = try LineReader(path)
        self.endpoint = endpoint
    }

    /// The next request, or what is wrong with it; nil after the last. Blank lines are passed over.
    func next() throws(JobsError) -> Result<BatchLine, BatchProblem>? {
        while let bytes = try lines.next() {
            if bytes.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }) { continue }
            let number = lines.line
            return Result { () throws(BatchProblem) in
                try BatchLine(bytes, line: number, endpoint: endpoint)
            }
        }
        return nil
    }

    /// Reads all of it.
    /// - Returns: how many requests there are, or what is wrong.
    static func check(_ path: String, endpoint: String) throws(JobsError) -> (count: Int, problems: [BatchProblem]) {
        let input = try BatchInput(path, endpoint: endpoint)
        var ids: Set<String> = []
        var problems: [BatchProblem] = []
        do {
            while problems.count < maximumProblems, let request = try input.next() {
                switch request {
                case .failure(let problem): problems.append(problem)
                case .success(let line) where ids.insert(line.id).inserted: break
                case .success(let line):
                    problems.append(
                        BatchProblem(
                            "duplicate_custom_id", "The custom_id '\(line.id)' was used before in this file.",
                            parameter: "custom_id", line: input.lines.line))
                }
                if ids.count > maximumRequests {
                    problems.append(
                        BatchProblem("too_many_requests", "A batch may have \(maximumRequests) requests."))
                    break
                }
            }
        } catch  where error.code == .invalid {
            problems.append(
                BatchProblem(
                    "line_too_long", "A line may have \(LineReader.maximumLine) bytes.", line: input.lines.line + 1))
        }
        if ids.isEmpty, problems.isEmpty {
            problems.append(BatchProblem("empty_file", "The file is empty; it must have at least one request."))
        }
        return (ids.count, problems)
    }
}
