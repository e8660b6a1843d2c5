// SPDX-License-Identifier: Apache-2.0
//
// Metrics as Prometheus reads them: the text exposition format, version 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/).

public struct PrometheusText: Sendable {
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private enum Kind: String {
        case counter, gauge, histogram
    }

    /// All samples of a metric stand together, under one `# HELP` and one `# TYPE`.
    private struct Family {
        let name: String
        let kind: Kind
        let help: String
        var samples: [Sample] = []
    }

    private struct Sample {
        let labels: Labels
        let lines: String
    }

    private var families: [Family] = []
    private var positions: [String: Int] = [:]

    public init() {}

    /// A count that only grows; its name ends in `_total`.
    public mutating func counter(_ name: String, _ help: String, _ value: some BinaryInteger, _ labels: Labels = [:]) {
        precondition(name.hasSuffix("_total"), "the name of a counter ends in _total: \(name)")
        add(name, .counter, help, labels, "\(name)\(labels.text()) \(value)\n")
    }

    /// A sum of seconds or bytes that only grows; its name ends in `_total`.
    public mutating func counter(_ name: String, _ help: String, _ value: Double, _ labels: Labels = [:]) {
        precondition(name.hasSuffix("_total"), "the name of a counter ends in _total: \(name)")
        add(name, .counter, help, labels, "\(name)\(labels.text()) \(Self.number(value))\n")
    }

    /// A count under a name that others chose and that does not end in `_total`.
    public mutating func counter(foreign name: String, _ help: String, _ value: UInt64, _ labels: Labels = [:]) {
        add(name, .counter, help, labels, "\(name)\(labels.text()) \(value)\n")
    }

    public mutating func gauge(_ name: String, _ help: String, _ value: some BinaryInteger, _ labels: Labels = [:]) {
        add(name, .gauge, help, labels, "\(name)\(labels.text()) \(value)\n")
    }

    public mutating func gauge(_ name: String, _ help: String, _ value: Double, _ labels: Labels = [:]) {
        add(name, .gauge, help, labels, "\(name)\(labels.text()) \(Self.number(value))\n")
    }

    /// - Parameter labels: without `le`, which is the bucket's.
    public mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram, _ labels: Labels = [:]) {
        precondition(!labels.pairs.contains { $0.name == "le" }, "the label le is the bucket's: \(name)")
        var lines = ""
        var total: UInt64 = 0
        for (bound, count) in zip(histogram.bounds + [.infinity], histogram.counts) {
            total += count
            lines += "\(name)_bucket\(labels.text(adding: ("le", Self.number(bound)))) \(total)\n"
        }
        lines += "\(name)_sum\(labels.text()) \(Self.number(histogram.sum))\n"
        lines += "\(name)_count\(labels.text()) \(total)\n"
        add(name, .histogram, help, labels, lines)
    }

    /// The whole text; metrics in the order in which they were first added.
    public var text: String {
        var text = ""
        for family in families {
            let help = Labels.escaped(family.help, quotes: false)
            text += "# HELP \(family.name) \(help)\n# TYPE \(family.name) \(family.kind.rawValue)\n"
            for sample in family.samples { text += sample.lines }
        }
        return text
    }

    /// Of several samples with the same labels, the last counts.
    private mutating func add(_ name: String, _ kind: Kind, _ help: String, _ labels: Labels, _ lines: String) {
        precondition(Labels.isName(name, allowsColon: true), "not a metric's name: \(name)")
        let position: Int
        if let known = positions[name] {
            precondition(families[known].kind == kind, "\(name) is a \(families[known].kind.rawValue) already")
            position = known
        } else {
            position = families.count
            positions[name] = position
            families.append(Family(name: name, kind: kind, help: help))
        }
        let sample = Sample(labels: labels, lines: lines)
        if let index = families[position].samples.firstIndex(where: { $0.labels == labels }) {
            families[position].samples[index] = sample
        } else {
            families[position].samples.append(sample)
        }
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }
}

extension PrometheusText {
    /// Names and values that tell the samples of a metric apart; the order does not matter.
    public struct Labels: Sendable, Hashable, ExpressibleByDictionaryLiteral {
        fileprivate let pairs: [Pair]

        fileprivate struct Pair: Sendable, Hashable {
            let name: String
            let value: String
        }

        /// Values may hold anything.
        public init(dictionaryLiteral elements: (String, String)...) {
            for (name, _) in elements {
                precondition(Self.isName(name) && !name.hasPrefix("__"), "not a label's name: \(name)")
            }
            precondition(Set(elements.map(\.0)).count == elements.count, "a label is given twice: \(elements)")
            pairs = elements.map { Pair(name: $0.0, value: $0.1) }.sorted { $0.name < $1.name }
        }

        fileprivate func text(adding last: (name: String, value: String)? = nil) -> String {
            let all = pairs.map { ($0.name, $0.value) } + (last.map { [$0] } ?? [])
            if all.isEmpty { return "" }
            return "{" + all.map { "\($0)=\"\(Self.escaped($1, quotes: true))\"" }.joined(separator: ",") + "}"
        }

        fileprivate static func isName(_ name: String, allowsColon: Bool = false) -> Bool {
            let bytes = Array(name.utf8)
            guard let first = bytes.first, !(0x30...0x39).contains(first) else { return false }
            return bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                    true
                default: allowsColon && byte == UInt8(ascii: ":")
                }
            }
        }

        fileprivate static func escaped(_ text: String, quotes: Bool) -> String {
            var result = ""
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\\": result += "\\\\"
                case "\n": result += "\\n"
                case "\"" where quotes: result += "\\\""
                default: result.unicodeScalars.append(scalar)
                }
            }
            return result
        }
    }
}
