// SPDX-License-Identifier: Apache-2.0
//
// `bench`: how fast a model is on this machine, measured in this process
// without daemon and socket. Prints figures; BenchRun measures them.

import ArgumentParser
import Configuration
import Inference
import JSON
import ModelStore
import Terminal
import WireProtocol

struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure a model on this machine.",
        usage: "hearth bench [--model <model>] [--precision <precision>] [--seconds <seconds>] [--json]",
        discussion: """
            Times loading, single texts of several lengths, and bulk by number of threads; nothing else should be \
            running. The figures are those of the computation alone, without daemon and socket.

            Examples:
              hearth bench
              hearth bench -m minilm --precision f32 --seconds 2 --json
            """)

    @Option(name: .shortAndLong, help: "Name of an installed model, or a folder.")
    var model = "all-minilm-l6-v2"

    @Option(help: "auto, f32, bf16 or int8. Default: as the daemon computes, by its settings.")
    var precision: String?

    @Option(help: ArgumentHelp("How long to measure each figure.", valueName: "seconds"))
    var seconds = 0.5

    @OptionGroup var options: OutputOptions

    func validate() throws {
        guard (0.01...3600).contains(seconds) else { throw ValidationError("--seconds must be from 0.01 to 3600") }
        if let precision, precision != "auto", Precision(rawValue: precision) == nil {
            let names = Precision.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--precision is '\(precision)'; it can be auto, \(names)")
        }
    }

    func run() async throws {
        try await ModelsContext.run(options) { context in
            let installed = try context.store.resolve(try context.store.reference(model))
            let environment = processEnvironment()
            let settings = try Settings(environment: environment).configuration.model
            let choice = precision ?? (settings.precisions[installed.id] ?? settings.precision).rawValue
            let load = LoadOptions(
                precision: Precision(rawValue: choice),
                instructionSet: settings.instructionSet == .auto ? nil : settings.instructionSet.rawValue,
                cacheDirectory: try HearthPaths(environment: environment).cache)
            let run = BenchRun(folder: installed.folder, options: load, time: .seconds(seconds))
            let figures = try await run.figures()
            if options.json {
                options.print(Self.json(figures, model: installed.id))
            } else {
                show(figures, model: installed.id)
            }
        }
    }
}

// MARK: - For people

extension Bench {
    private func show(_ figures: BenchFigures, model: String) {
        let report = figures.report
        Console.writeToStandardOutput(
            "\(model), \(report.precision.rawValue) on \(report.instructionSet), "
                + "\(Format.count(figures.threads, "thread"))\n")
        show(
            ["LOADING", "TIME"],
            [
                ["with nothing cached", Format.duration(figures.coldLoad)],
                ["from the cache", Format.duration(figures.warmLoad.median)],
            ])
        show(
            ["ONE TEXT: TOKENS", "ONE THREAD", "P99", "ALL THREADS", "P99"],
            figures.latencies.map { latency in
                ["\(latency.tokens)"]
                    + [latency.alone, latency.shared].flatMap { [$0.median, $0.late] }.map(Format.duration)
            })
        let counts = Set(figures.bulk.map(\.threads)).sorted()
        show(
            ["BULK: TOKENS A TEXT"] + counts.map { $0 == 1 ? "1 THREAD: TOKENS/S" : "\($0) THREADS" },
            figures.mixes.map { mix in
                [mix]
                    + figures.bulk.filter { $0.mix == mix }.map { Format.count(Int64($0.tokensPerSecond.rounded())) }
            })
        show(
            ["MEMORY", "RESIDENT", "PRIVATE"],
            figures.memory.map { use in
                [use.name, Format.bytes(Int64(use.residentBytes)), Format.bytes(Int64(use.privateBytes))]
            })
    }

    private func show(_ titles: [String], _ rows: [[String]]) {
        var table = Table(titles.enumerated().map { .init($1, $0 == 0 ? .left : .right) })
        for row in rows { table.append(row) }
        Console.writeToStandardOutput("\n" + table.rendered(for: options.output))
    }
}

// MARK: - For programs

extension Bench {
    private static func json(_ figures: BenchFigures, model: String) -> JSONValue {
        [
            "model": .string(model), "dtype": .string(figures.report.precision.rawValue),
            "isa": .string(figures.report.instructionSet), "threads": .integer(Int64(figures.threads)),
            "cold_load_ms": milliseconds(figures.coldLoad), "warm_load": json(figures.warmLoad),
            "latency": .array(
                figures.latencies.map { latency in
                    [
                        "tokens": .integer(Int64(latency.tokens)), "one_thread": json(latency.alone),
                        "all_threads": json(latency.shared),
                    ]
                }),
            "bulk": .array(
                figures.bulk.map { bulk in
                    [
                        "tokens_a_text": .string(bulk.mix), "threads": .integer(Int64(bulk.threads)),
                        "tokens_per_second": .number(bulk.tokensPerSecond.rounded()),
                    ]
                }),
            "memory": .array(
                figures.memory.map { use in
                    [
                        "name": .string(use.name), "resident_bytes": .integer(Int64(use.residentBytes)),
                        "private_bytes": .integer(Int64(use.privateBytes)),
                    ]
                }),
        ]
    }

    private static func json(_ timing: Benchmark.Timing) -> JSONValue {
        [
            "best_ms": milliseconds(timing.best), "median_ms": milliseconds(timing.median),
            "p99_ms": milliseconds(timing.late),
        ]
    }

    private static func milliseconds(_ time: Duration) -> JSONValue {
        .number((time / .microseconds(1)).rounded() / 1000)
    }
}
