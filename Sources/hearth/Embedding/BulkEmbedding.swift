// SPDX-License-Identifier: Apache-2.0
//
// Embedding a stream of texts: reading, computing and writing go on at the same
// time, memory stays bounded, and a producer that pauses gets its vectors.

import HearthClient
import Terminal
import WireProtocol

struct BulkEmbedding {
    let parameters: EmbedParameters
    let direct: Bool

    func run(_ source: consuming TextSource, _ writer: any VectorWriter) throws {
        let client = try HearthClient.forWork(direct: direct)
        let display = BulkProgress(total: BulkProgress.isShown ? source.countLines() : nil)
        var pipeline = EmbedPipeline(client: client, parameters: parameters, onProgress: display.show)
        var report = TruncationReport()
        var space: String?
        func emit(_ result: EmbedResult) throws {
            if let space, space != result.spaceID {
                throw CommandError(
                    "space_mismatch",
                    "the daemon changed from one model to another in the middle of the input; name one with -m")
            }
            if space == nil, let notice = result.notice { Output.note(notice) }
            space = result.spaceID
            report.add(result)
            try writer.write(result)
            display.advance(by: result.count)
        }
        var waits = true
        var unreadable: (any Error)?
        reading: while true {
            let item: TextSource.Item
            do {
                item = try source.next(waits: waits)
            } catch {
                unreadable = error
                break
            }
            switch item {
            case .text(let text):
                waits = false
                if let result = try pipeline.append(text) { try emit(result) }
            case .pause:
                if let result = try pipeline.next() { try emit(result) } else { waits = true }
            case .end: break reading
            }
        }
        while let result = try pipeline.next() { try emit(result) }
        // The texts before the line that cannot be read have their vectors.
        if let unreadable { throw unreadable }
        if space == nil, writer.needsResult {
            var empty = parameters
            empty.input = .texts([])
            try emit(try client.embed(empty, onProgress: display.show))
        }
        try writer.finish()
        display.finish()
        report.show(isJSON: writer is ResultObjectWriter)
    }
}

/// First the loading of the model, then the texts done, on a terminal only.
private final class BulkProgress {
    private let load = LoadProgress()
    private let total: Int64?
    private var bar: ProgressBar?
    private var completed: Int64 = 0

    static var isShown: Bool { Console.standardError().isInteractive }

    init(total: Int64?) { self.total = total }

    func show(_ progress: Progress) { load.show(progress) }

    func advance(by count: Int) {
        guard Self.isShown else { return }
        load.finish()
        completed += Int64(count)
        let bar = self.bar ?? ProgressBar(label: "embedding", total: total, unit: .count("texts"))
        self.bar = bar
        bar.update(completed: completed)
    }

    func finish() {
        load.finish()
        bar?.finish()
    }

    deinit { finish() }
}
