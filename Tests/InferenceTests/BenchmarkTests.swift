// SPDX-License-Identifier: Apache-2.0
//
// That measuring works; how fast it is, is no matter of tests.

import Inference
import TestSupport
import Testing

@Suite("Benchmark")
struct BenchmarkTests {
    @Test func measuresAModel() throws {
        let folder = TemporaryFolder()
        let loads = try Benchmark.loads(
            folder: Fixture.sentence, options: LoadOptions(cacheDirectory: folder.path), repetitions: 3)
        #expect(loads.cold > .zero)
        #expect(loads.warm.best <= loads.warm.median && loads.warm.median <= loads.warm.late)
        let benchmark = Benchmark(try Embedder.load(folder: Fixture.sentence), team: ComputeTeam(size: 2))
        #expect(try benchmark.latency(tokens: 12, repetitions: 5).best > .zero)
        #expect(try benchmark.throughput(["a river", "the quiet doctor", ""]) > 0)
        #expect(throws: ModelError.self) { try benchmark.latency(tokens: 65, repetitions: 1) }
    }
}
