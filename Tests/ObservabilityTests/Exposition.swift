// SPDX-License-Identifier: Apache-2.0
//
// A strict reader of the Prometheus text format, for tests: syntax, one block
// per metric, no sample twice, and histograms that add up.

struct Exposition {
    struct Sample {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    struct Violation: Error {
        let rule: String
    }

    private(set) var types: [String: String] = [:]
    private(set) var samples: [Sample] = []

    init(_ text: String) throws {
        try Self.require(text.isEmpty || text.hasSuffix("\n"), "the last line has an end")
        var family = ""
        for line in text.split(separator: "\n") {
            if line.hasPrefix("# HELP ") {
                family = String(line.split(separator: " ", maxSplits: 3)[2])
                try Self.require(types[family] == nil, "one block per metric: \(family)")
            } else if line.hasPrefix("# TYPE ") {
                let words = line.split(separator: " ")
                try Self.require(words.count == 4 && words[2] == family, "TYPE follows HELP: \(line)")
                types[family] = String(words[3])
            } else {
                let sample = try Self.sample(line)
                let suffixes = types[family] == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
                try Self.require(suffixes.contains { family + $0 == sample.name }, "\(sample.name) is not in \(family)")
                let isTwice = samples.contains { $0.name == sample.name && $0.labels == sample.labels }
                try Self.require(!isTwice, "twice: \(line)")
                samples.append(sample)
            }
        }
        for (name, type) in types where type == "histogram" { try checkHistogram(name) }
    }

    private func checkHistogram(_ name: String) throws {
        let counts = samples.filter { $0.name == name + "_count" }
        for count in counts {
            let buckets = samples.filter {
                var labels = $0.labels
                labels["le"] = nil
                return $0.name == name + "_bucket" && labels == count.labels
            }
            let bounds = buckets.map { Double($0.labels["le"]?.replacing("+Inf", with: "inf") ?? "") ?? .nan }
            try Self.require(
                bounds.last == .infinity && zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 },
                "bounds ascend to +Inf")
            let values = buckets.map(\.value)
            try Self.require(zip(values, values.dropFirst()).allSatisfy { $0 <= $1 }, "buckets are cumulative")
            try Self.require(values.last == count.value, "the last bucket is the count")
            let sums = samples.filter { $0.name == name + "_sum" && $0.labels == count.labels }
            try Self.require(sums.count == 1, "one sum")
        }
    }

    private static func sample(_ line: Substring) throws -> Sample {
        var rest = line[...]
        let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "_:".contains($0)) }
        try require(name.first.map { !$0.isNumber } == true, "a name: \(line)")
        rest = rest[name.endIndex...]
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                let label = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
                rest = rest[label.endIndex...]
                try require(!label.isEmpty && rest.hasPrefix("=\""), "label=\"…\": \(line)")
                rest = rest.dropFirst(2)
                var value = ""
                while let next = rest.first, next != "\"" {
                    rest = rest.dropFirst()
                    guard next == "\\" else {
                        value.append(next)
                        continue
                    }
                    let escapes: [Character: Character] = ["\\": "\\", "n": "\n", "\"": "\""]
                    guard let letter = rest.first, let character = escapes[letter] else {
                        throw Violation(rule: "an escape: \(line)")
                    }
                    value.append(character)
                    rest = rest.dropFirst()
                }
                try require(labels.updateValue(value, forKey: String(label)) == nil, "a label twice: \(line)")
                rest = rest.dropFirst()
                if rest.first == "," { rest = rest.dropFirst() }
            }
            rest = rest.dropFirst()
        }
        try require(rest.hasPrefix(" "), "a blank before the value: \(line)")
        guard let value = Double(rest.dropFirst().replacing("Inf", with: "inf")) else {
            throw Violation(rule: "a number: \(line)")
        }
        return Sample(name: String(name), labels: labels, value: value)
    }

    private static func require(_ holds: Bool, _ rule: String) throws {
        if !holds { throw Violation(rule: rule) }
    }
}
