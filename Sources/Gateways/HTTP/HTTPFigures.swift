// SPDX-License-Identifier: Apache-2.0
//
// What came over HTTP, counted under names of our own and under those that
// dashboards of text-embeddings-inference know.

public import Observability
public import Serving
import Synchronization

public final class HTTPFigures: Sendable {
    /// What a request computes.
    enum Work: Int, Sendable, CaseIterable { case embed, predict }

    private struct Answered: Hashable {
        let route: String
        let status: UInt
    }

    private struct State {
        var answered: [Answered: UInt64] = [:]
        var begun: [String: UInt64] = [:]
        var succeeded: [String: UInt64] = [:]
        var failures: [String: UInt64] = [:]
        var inputs = [UInt64](repeating: 0, count: Work.allCases.count)
        var answeredInputs = [UInt64](repeating: 0, count: Work.allCases.count)
        var duration = Histogram(bounds: HTTPFigures.bounds)
        var tokenizing = Histogram(bounds: HTTPFigures.bounds)
        var queueing = Histogram(bounds: HTTPFigures.bounds)
        var inference = Histogram(bounds: HTTPFigures.bounds)
    }

    /// Those of text-embeddings-inference: 35 from 15 µs, each half as long again.
    private static let bounds: [Double] = (0..<35).map { step in
        (0..<step).reduce(1.5e-5) { bound, _ in bound * 1.5 }
    }

    private let state = Mutex(State())

    public init() {}

    func began(_ work: Work, inputs: Int) {
        state.withLock { state in
            state.begun[Self.method(inputs), default: 0] += 1
            state.inputs[work.rawValue] += UInt64(inputs)
        }
    }

    func ended(_ work: Work, inputs: Int, _ cost: EmbedOutcome.Cost) {
        state.withLock { state in
            state.succeeded[Self.method(inputs), default: 0] += 1
            state.answeredInputs[work.rawValue] += UInt64(inputs)
            state.tokenizing.record(cost.tokenize)
            state.queueing.record(cost.queue)
            state.inference.record(cost.inference)
        }
    }

    func failed(_ failure: HTTPFailure, inputs: Int) {
        let error =
            switch failure.kind {
            case "overloaded", "shutting_down": "overloaded"
            case "cancelled": "dropped"
            case "internal_error", "model_load_failed": "inference"
            default: "validation"
            }
        state.withLock { $0.failures[error, default: 0] += 1 }
    }

    /// - Parameter route: nil for a path that there is none for.
    func answered(_ route: String?, status: UInt, in time: Duration, isWork: Bool) {
        state.withLock { state in
            state.answered[Answered(route: route ?? "", status: status), default: 0] += 1
            if isWork, status < 400 { state.duration.record(time) }
        }
    }

    private static func method(_ inputs: Int) -> String { inputs == 1 ? "single" : "batch" }

    /// - Parameter lanes: what waits in each of them, and the batches that it ran.
    public func add(to text: inout PrometheusText, lanes: [LaneFigures]) {
        let state = state.withLock { $0 }
        for (answered, count) in state.answered.sorted(by: {
            ($0.key.route, $0.key.status) < ($1.key.route, $1.key.status)
        }) {
            text.counter(
                "hearth_http_requests_total", "HTTP requests by route and status.", count,
                ["route": answered.route, "status": "\(answered.status)"])
        }
        guard !state.begun.isEmpty else { return }
        for (name, help, counts) in [
            ("te_request_count", "Requests to compute something.", state.begun),
            ("te_request_success", "Those that were answered.", state.succeeded),
        ] {
            for (method, count) in counts.sorted(by: { $0.key < $1.key }) {
                text.counter(foreign: name, help, count, ["method": method])
            }
        }
        for (error, count) in state.failures.sorted(by: { $0.key < $1.key }) {
            text.counter(foreign: "te_request_failure", "Those that failed, by reason.", count, ["err": error])
        }
        for work in Work.allCases {
            text.counter(foreign: "te_\(work)_count", "Inputs.", state.inputs[work.rawValue])
            text.counter(
                foreign: "te_\(work)_success", "Inputs that were answered.", state.answeredInputs[work.rawValue])
        }
        text.histogram("te_request_duration", "Seconds from request to answer.", state.duration)
        text.histogram("te_request_tokenization_duration", "Thread seconds in the tokenizer.", state.tokenizing)
        text.histogram("te_request_queue_duration", "Seconds until a thread began.", state.queueing)
        text.histogram("te_request_inference_duration", "Thread seconds in the model.", state.inference)
        text.gauge("te_queue_size", "Entries that wait.", lanes.reduce(0) { $0 + $1.queued })
        guard var (sizes, tokens) = lanes.first.map({ ($0.batchSizes, $0.batchTokens) }) else { return }
        for lane in lanes.dropFirst() {
            sizes.add(lane.batchSizes)
            tokens.add(lane.batchTokens)
        }
        text.histogram("te_batch_next_size", "Inputs of a batch.", sizes)
        text.histogram("te_batch_next_tokens", "Tokens of a batch.", tokens)
    }
}
