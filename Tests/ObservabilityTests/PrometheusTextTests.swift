// SPDX-License-Identifier: Apache-2.0
//
// The exposition format: exact texts, and everything through a reader that
// knows the format's rules.

import Observability
import Testing

@Suite struct PrometheusTextTests {
    @Test func countersAndGauges() {
        var text = PrometheusText()
        text.counter("hearth_requests_total", "Requests answered.", 3, ["method": "embed", "lane": "normal"])
        text.gauge("hearth_queue_tokens", "Tokens that wait.", 0.5)
        text.counter("hearth_requests_total", "Requests answered.", 4, ["method": "rerank", "lane": "normal"])
        #expect(
            text.text == """
                # HELP hearth_requests_total Requests answered.
                # TYPE hearth_requests_total counter
                hearth_requests_total{lane="normal",method="embed"} 3
                hearth_requests_total{lane="normal",method="rerank"} 4
                # HELP hearth_queue_tokens Tokens that wait.
                # TYPE hearth_queue_tokens gauge
                hearth_queue_tokens 0.5

                """)
    }

    @Test func histograms() {
        var histogram = Histogram(bounds: [0.1, 1])
        for value in [0.05, 0.5, 0.25, 5] { histogram.record(value) }
        var text = PrometheusText()
        text.histogram("h_seconds", "Durations.", histogram, ["model": "a"])
        #expect(
            text.text == """
                # HELP h_seconds Durations.
                # TYPE h_seconds histogram
                h_seconds_bucket{model="a",le="0.1"} 1
                h_seconds_bucket{model="a",le="1"} 3
                h_seconds_bucket{model="a",le="+Inf"} 4
                h_seconds_sum{model="a"} 5.8
                h_seconds_count{model="a"} 4

                """)
    }

    @Test func whatIsEscaped() throws {
        var text = PrometheusText()
        let awkward = "C:\\new \"line\"\nä🔥 {}=,"
        text.gauge("x", "A \\ and a\nline \"quoted\".", 1, ["path": awkward])
        #expect(
            text.text == """
                # HELP x A \\\\ and a\\nline "quoted".
                # TYPE x gauge
                x{path="C:\\\\new \\"line\\"\\nä🔥 {}=,"} 1

                """)
        #expect(try Exposition(text.text).samples.first?.labels["path"] == awkward)
    }

    @Test(arguments: [
        (Double.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"), (1e300, "1e+300"), (-2, "-2"), (1e-9, "1e-09"),
    ])
    func numbers(value: Double, expected: String) {
        var text = PrometheusText()
        text.gauge("x", "", value)
        #expect(text.text.hasSuffix("\nx \(expected)\n"))
    }

    @Test func theLastOfTheSameLabelsCounts() throws {
        var text = PrometheusText()
        text.gauge("x", "", 1, ["a": "1", "b": "2"])
        text.gauge("x", "", 2, ["b": "2", "a": "1"])
        #expect(try Exposition(text.text).samples.map(\.value) == [2])
    }

    @Test func everythingFollowsTheRules() throws {
        var text = PrometheusText()
        var histogram = Histogram()
        for index in 0..<300 { histogram.record(Double(index) * 0.7) }
        for model in ["all-minilm-l6-v2", "weird \"name\"\\", "two\nlines", ""] {
            text.histogram("hearth_request_seconds", "How long requests took.", histogram, ["model": model])
            text.counter("hearth_busy_seconds_total", "Time.", 1.25, ["model": model])
            text.gauge("hearth:ratio", "Share.", -0.5, ["model": model, "_x": "1"])
        }
        text.histogram("empty", "Nothing yet.", Histogram())
        let exposition = try Exposition(text.text)
        #expect(
            exposition.types == [
                "hearth_request_seconds": "histogram", "hearth_busy_seconds_total": "counter", "hearth:ratio": "gauge",
                "empty": "histogram",
            ])
        #expect(exposition.samples.count == 4 * (histogram.counts.count + 2) + 4 + 4 + histogram.counts.count + 2)
    }

    @Test func nothingIsTheEmptyText() {
        #expect(PrometheusText().text.isEmpty)
    }
}
