// SPDX-License-Identifier: Apache-2.0
//
// How long searches of large indexes take. Scripts/bench-search runs it; elsewhere it is passed over.

import Chunking
import Search
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

private let sizes = (variable("HEARTH_SEARCH_CHUNKS") ?? "").split(separator: ",").compactMap { Int($0) }

@Suite(.enabled(if: !sizes.isEmpty), .serialized) struct SearchBenchmark {
    @Test(arguments: sizes)
    func find(_ chunks: Int) throws {
        var corpus = SyntheticCorpus()
        let index = try SearchableIndex(VectorSpace(id: "s", model: "m", dimensions: 384))
        let stopwatch = ContinuousClock()
        var bytes = 0
        let building = try stopwatch.measure {
            for first in stride(from: 0, to: chunks, by: 5000) {
                let changes = stride(from: first, to: min(chunks, first + 5000), by: 10).map { number in
                    let texts = (0..<10).map { _ in corpus.chunk() }
                    bytes += texts.reduce(0) { $0 + $1.text.utf8.count }
                    return FileChange.replaced(
                        path: corpus.path(number / 10), FileStamp(size: 1, modified: 1, inode: 1),
                        digest: Digest(of: "\(number)"), language: "swift",
                        chunks: texts.enumerated().map { place, text in
                            let line = 1 + place * 40
                            return Chunk(
                                text: text.text, lines: line...line + 29, language: "swift", symbol: text.symbol)
                        })
                }
                try index.writer.apply(changes)
            }
        }
        print("\(chunks) chunks of \(bytes / chunks) bytes: written in \(building), \(bytes / 1_000_000) MB")
        var random = RandomVectors(1)
        let embedding = try stopwatch.measure { try index.embed { _ in random.quick(384) } }
        print("  vectors of 384 written in \(embedding)")

        let open = try index.open()
        let queries = (0..<200).map { _ in corpus.question() }
        for threads in [1, 2] {
            let open = threads == 2 ? open : try index.open(threads: 1)
            for mode in SearchQuery.Mode.allCases {
                var timings: [SearchResults.Timing] = []
                var processor: [Int] = []
                for (number, query) in (queries.prefix(20) + queries).enumerated() {
                    let vector = QueryVector(space: "s", values: random.quick(384))
                    let before = Self.clock(CLOCK_PROCESS_CPUTIME_ID)
                    let found = try open.find(SearchQuery(query, mode: mode, vector: vector))
                    if number < 20 { continue }
                    timings.append(found.timing)
                    processor.append(Self.clock(CLOCK_PROCESS_CPUTIME_ID) - before)
                }
                print(
                    "  \(mode.rawValue), \(threads) threads, ms: \(Self.row(timings)), processor \(Self.percentiles(processor))"
                )
            }
        }
        print("  memory: \(Self.memory())")
    }

    private static func row(_ timings: [SearchResults.Timing]) -> String {
        let parts: [(String, KeyPath<SearchResults.Timing, Int>)] = [
            ("all", \.total), ("words", \.lexical), ("scan", \.scan), ("rescore", \.rescore), ("lookup", \.lookup),
        ]
        return parts.map { name, part in
            "\(name) \(Self.percentiles(timings.map { $0[keyPath: part] }))"
        }.joined(separator: ", ")
    }

    /// In milliseconds.
    private static func percentiles(_ microseconds: [Int]) -> String {
        let sorted = microseconds.sorted()
        let values = [sorted[sorted.count / 2], sorted[sorted.count * 99 / 100]].map { Double($0 / 10) / 100 }
        return "\(values[0]) (p99 \(values[1]))"
    }

    /// Microseconds that the process has computed, on all threads: of a busy machine the better measure.
    private static func clock(_ clock: clockid_t) -> Int {
        var time = timespec()
        clock_gettime(clock, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
    }

    /// Of Linux: what is private to the process, and what it has mapped of files.
    private static func memory() -> String {
        let status = readText("/proc/self/status") ?? ""
        return status.split(separator: "\n").filter { $0.hasPrefix("RssAnon") || $0.hasPrefix("RssFile") }
            .map { $0.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ") }.joined(
                separator: ", ")
    }
}

/// Words as often as Zipf's law has them, some of them put together as identifiers.
struct SyntheticCorpus {
    private var generator = SeededGenerator(seed: 42)
    private let words: [String]
    /// Ranks of words, drawn ahead.
    private let draws: [Int32]

    init() {
        let consonants = Array("bcdfghklmnprstvz")
        let vowels = Array("aeiou")
        words = (0..<100_000).map { number in
            var rest = number
            var word = ""
            repeat {
                word += String([consonants[rest % 16], vowels[rest / 16 % 5]])
                rest /= 80
            } while rest > 0
            return word + "k"
        }
        var sum = 0.0
        let cumulated = words.indices.map { rank in
            sum += 1 / Double(rank + 3)
            return sum
        }
        var generator = generator
        draws = (0..<1 << 20).map { _ in
            let target = Double.random(in: 0..<sum, using: &generator)
            var (low, high) = (0, cumulated.count - 1)
            while low < high {
                let middle = (low + high) / 2
                if cumulated[middle] < target { low = middle + 1 } else { high = middle }
            }
            return Int32(low)
        }
        self.generator = generator
    }

    private mutating func word() -> String { words[Int(draws[Int(generator.next() & (1 << 20 - 1))])] }

    private mutating func identifier() -> String {
        var name = word()
        for _ in 0..<Int(generator.next() % 3) { name += word().capitalizedASCII }
        return name
    }

    mutating func chunk() -> (text: String, symbol: String) {
        var text = ""
        for place in 0..<Int.random(in: 30...130, using: &generator) {
            text += generator.next() % 4 == 0 ? identifier() : word()
            text += place % 9 == 8 ? "\n    " : " "
        }
        return (text, identifier())
    }

    mutating func path(_ number: Int) -> String { "\(word())/\(word())/\(identifier())\(number).swift" }

    /// Three to five words of which about half are rare, among some that say nothing.
    mutating func question() -> String {
        let asked = (0..<Int.random(in: 3...5, using: &generator)).map { _ in
            // Even in the logarithm of the rank.
            words[Int(20 * pow(1000, Double.random(in: 0..<1, using: &generator)))]
        }
        return "where do we " + asked.joined(separator: " the ") + "?"
    }
}

extension String {
    fileprivate var capitalizedASCII: String {
        var bytes = Array(utf8)
        if let first = bytes.first { bytes[0] = first & 0xDF }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension RandomVectors {
    /// As `next`, from uniform numbers.
    fileprivate mutating func quick(_ dimensions: Int) -> [Float] {
        var values = (0..<dimensions).map { _ in Float(Int32(truncatingIfNeeded: generator.next())) }
        let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        for index in values.indices { values[index] /= length }
        return values
    }
}
