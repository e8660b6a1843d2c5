// SPDX-License-Identifier: Apache-2.0
//
// Writing vectors as text: a line per vector, the whole result as one object,
// or a preview for people.

import JSON
import Terminal
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum OutputFormat: String, CaseIterable {
    case json, jsonl, npy, base64
}

extension OutputFormat? {
    /// A preview on a terminal, which is nil, and elsewhere a line per vector.
    static var usual: Self { Console.isTerminal(STDOUT_FILENO) ? nil : .jsonl }

    func writer() -> any VectorWriter {
        switch self {
        case .json: ResultObjectWriter()
        case .jsonl: JSONLinesWriter()
        case .base64: Base64Writer()
        case .npy: NumPyWriter()
        case nil: PreviewWriter(console: .standardOutput())
        }
    }
}

/// Takes results in the order of their texts.
protocol VectorWriter: AnyObject {
    /// Whether the output of no texts at all needs to know the model.
    var needsResult: Bool { get }
    func write(_ result: EmbedResult) throws
    func finish() throws
}

extension VectorWriter {
    var needsResult: Bool { false }
    func finish() throws {}
}

/// `[0.1,0.2,…]` per line.
final class JSONLinesWriter: VectorWriter {
    func write(_ result: EmbedResult) throws {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(result.embeddings.count * 12)
        for index in 0..<result.count {
            var writer = JSONWriter(reservingCapacity: result.dimensions * 13)
            writer.numbers(result.vector(index))
            bytes += writer.bytes
            bytes.append(UInt8(ascii: "\n"))
        }
        try Output.write(bytes)
    }
}

/// Base64 of a vector's little-endian 32-bit floats per line.
final class Base64Writer: VectorWriter {
    func write(_ result: EmbedResult) throws {
        var text = ""
        for index in 0..<result.count {
            text += result.vector(index).withUnsafeBytes { Base64.encode($0) }
            text += "\n"
        }
        try Output.write(text)
    }
}

/// The results of all requests as the result of one.
final class ResultObjectWriter: VectorWriter {
    private var whole: EmbedResult?

    var needsResult: Bool { true }

    func write(_ result: EmbedResult) throws {
        guard var whole = self.whole else {
            self.whole = result
            return
        }
        self.whole = nil
        whole.truncated += result.truncated.map { cut in
            TruncatedInput(index: whole.count + cut.index, tokens: cut.tokens, used: cut.used)
        }
        whole.embeddings += result.embeddings
        whole.tokens += result.tokens
        whole.timing.queueMilliseconds += result.timing.queueMilliseconds
        whole.timing.tokenizeMilliseconds += result.timing.tokenizeMilliseconds
        whole.timing.inferenceMilliseconds += result.timing.inferenceMilliseconds
        self.whole = whole
    }

    func finish() throws {
        guard let whole else { return }
        var writer = JSONWriter(reservingCapacity: whole.embeddings.count * 12 + 512)
        whole.write(.float, to: &writer)
        try Output.write(writer.bytes + [UInt8(ascii: "\n")])
    }
}

/// The first values of every vector, and what they are.
final class PreviewWriter: VectorWriter {
    private let console: Console
    private let start = ProgressBar.monotonicTime()
    private var last: EmbedResult?
    private var count = 0
    private var tokens = 0

    private static let shownValues = 6

    init(console: Console) { self.console = console }

    func write(_ result: EmbedResult) throws {
        var text = ""
        for index in 0..<result.count {
            let vector = result.vector(index)
            let values = vector.prefix(Self.shownValues).map { value in
                (value < 0 ? "" : " ") + Format.fixed(Double(value), digits: 4)
            }
            text += "[\(values.joined(separator: " "))\(vector.count > Self.shownValues ? " …" : "") ]\n"
        }
        try Output.write(text)
        count += result.count
        tokens += result.tokens
        last = result
    }

    func finish() throws {
        guard let last else { return }
        let elapsed = Format.duration(ProgressBar.monotonicTime() - start)
        let facts = [
            last.model, "\(last.dimensions) dimensions", Format.count(count, "text"), Format.count(tokens, "token"),
            elapsed,
        ]
        try Output.write(console.styled(facts.joined(separator: ", "), .dim) + "\n")
    }
}
