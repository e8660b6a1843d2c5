// SPDX-License-Identifier: Apache-2.0
//
// The daemon's counters in the text format of Prometheus.

import Gateways
import Observability
import Serving
import WireProtocol

extension DaemonService {
    func metrics() -> String {
        var text = PrometheusText()
        let counts = gate.counts
        text.gauge(
            "hearth_up_seconds", "Seconds since the daemon started.", (ContinuousClock.now - started) / .seconds(1))
        text.gauge("hearth_connections", "Open connections.", connections)
        text.counter("hearth_requests_total", "Requests that were let in.", counts.total)
        text.counter("hearth_requests_failed_total", "Requests that ended with an error.", counts.failed)
        text.gauge("hearth_requests_in_flight", "Requests without an answer so far.", counts.inFlight)
        let memory = memoryUsage()
        text.gauge("hearth_memory_resident_bytes", "Resident memory of the daemon.", memory.residentBytes)
        text.gauge("hearth_memory_private_bytes", "Resident memory that no file backs.", memory.privateBytes)
        text.histogram("hearth_event_loop_delay_seconds", "How late the event loop was.", loopDelay.figures)
        let made = parts.made
        let lanes = made.threads?.figures ?? []
        for lane in lanes { add(lane, to: &text) }
        if let models = made.models {
            text.gauge("hearth_models_resident", "Models in memory.", models.figures.resident)
            text.gauge(
                "hearth_models_resident_bytes", "What they take, shared pages included.", models.figures.residentBytes)
            text.counter("hearth_model_loads_total", "Models that were loaded.", models.figures.loads)
            text.counter("hearth_model_evictions_total", "Models that had to go for others.", models.figures.evictions)
            for model in models.statuses() {
                text.counter(
                    "hearth_model_requests_total", "Requests by model.", model.uses, ["model": model.location.id])
            }
        }
        if let requests = made.threads?.requests {
            text.gauge("hearth_admitted_tokens", "Tokens of requests on their way.", requests.currentTokens)
            text.counter("hearth_rejected_total", "Requests refused for lack of room.", requests.rejected)
        }
        if let figures = made.embedding?.figures {
            text.counter("hearth_shared_inputs_total", "Inputs that took an equal one's answer.", figures.shared)
            text.counter("hearth_vector_cache_hits_total", "Inputs answered from the cache.", figures.cache.hits)
            text.counter("hearth_vector_cache_misses_total", "Inputs that were not in the cache.", figures.cache.misses)
        }
        http.add(to: &text, lanes: lanes)
        return text.text
    }

    private func add(_ figures: LaneFigures, to text: inout PrometheusText) {
        let lane: PrometheusText.Labels = ["lane": figures.lane.name]
        text.gauge("hearth_lane_queued", "Entries that wait.", figures.queued, lane)
        text.gauge("hearth_lane_queued_tokens", "Tokens that wait.", figures.queuedTokens, lane)
        text.gauge("hearth_lane_running", "Batches that run.", figures.running, lane)
        text.counter("hearth_lane_tokens_total", "Tokens computed.", figures.tokens, lane)
        text.counter("hearth_lane_batches_total", "Batches computed.", figures.batches, lane)
        text.counter("hearth_lane_expired_total", "Entries whose deadline came first.", figures.expired, lane)
        text.counter("hearth_lane_cancelled_total", "Entries that nobody wanted any more.", figures.cancelled, lane)
        text.histogram("hearth_lane_wait_seconds", "From arrival until a thread began.", figures.waiting, lane)
        text.histogram("hearth_lane_batch_seconds", "What a batch took.", figures.computing, lane)
    }
}
