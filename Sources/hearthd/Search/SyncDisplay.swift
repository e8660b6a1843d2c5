// SPDX-License-Identifier: Apache-2.0
//
// A sync on the terminal: how far it is, and what it has done.

import Chunking
import JSON
import Search
import Synchronization
import Terminal
import WireProtocol

/// Progress on standard error; at most ten times a second.
final class SyncDisplay: Sendable {
    private let bar: ProgressBar
    private let lastLabel = Mutex((text: "", at: Duration.zero))

    init(console: Console) { bar = ProgressBar(label: "scanning", unit: .plain, console: console) }

    func show(_ progress: SyncProgress) {
        switch progress.phase {
        case .scanning, .finishing: break
        case .reading:
            bar.update(
                completed: Int64(progress.filesDone), total: Int64(progress.files), label: label("reading files"))
        case .embedding:
            let model = progress.space?.model ?? ""
            let speed = progress.tokensPerSecond.map { ", \(Format.count(Int64($0))) tokens/s" } ?? ""
            bar.update(
                completed: Int64(progress.textsDone), total: Int64(progress.texts),
                label: label("embedding texts with \(model)\(speed)"))
        }
    }

    /// A model that is being loaded.
    func show(_ progress: Progress) {
        bar.update(
            completed: Int64(progress.completed), total: progress.total > 0 ? Int64(progress.total) : nil,
            label: progress.message)
    }

    func finish() { bar.finish() }

    /// A label with a figure in it would be drawn anew with every figure.
    private func label(_ text: String) -> String {
        let now = ProgressBar.monotonicTime()
        return lastLabel.withLock { last in
            let isSamePhase = last.text.prefix(5) == text.prefix(5)
            if !isSamePhase || now - last.at > .milliseconds(500) { last = (text, now) }
            return last.text
        }
    }
}

extension SyncSummary {
    /// "1,512 files (23 changed, 1 removed), 14,203 chunks …"
    var text: String {
        var changes: [String] = []
        if changed > 0 { changes.append("\(Format.count(Int64(changed))) changed") }
        if removed > 0 { changes.append("\(Format.count(Int64(removed))) removed") }
        var parts = [
            Format.count(files, "file")
                + (changes.isEmpty ? ", nothing changed" : " (\(changes.joined(separator: ", ")))")
        ]
        if chunks > 0 {
            parts.append("\(Format.count(chunks, "chunk")) read, \(Format.count(Int64(reused))) known already")
        }
        if embedded > 0 { parts.append("\(Format.count(embedded, "text")) embedded") }
        if let space { parts.append("searchable with \(space.model)") } else { parts.append("searchable by words") }
        return "\(parts.joined(separator: "; ")); \(Format.duration(duration))"
    }

    /// "left out: 12 ignored (build, …), 2 binary (logo.png, …)"; nil where nothing that a user might miss.
    var skippedText: String? {
        let worthSaying = SkipReason.allCases.filter { ![.ignored, .hidden].contains($0) && skipped[$0] > 0 }
        if worthSaying.isEmpty { return nil }
        let reasons = worthSaying.map { reason in
            let examples = (skipped.examples[reason] ?? []).prefix(2).map(\.printable).joined(separator: ", ")
            return
                "\(Format.count(Int64(skipped[reason]))) \(reason.rawValue) (\(examples)\(skipped[reason] > 2 ? ", …" : ""))"
        }
        return "left out: " + reasons.joined(separator: "; ")
    }

    var json: JSONObject {
        var object: JSONObject = [
            "files": .integer(Int64(files)), "changed": .integer(Int64(changed)), "removed": .integer(Int64(removed)),
            "chunks": .integer(Int64(chunks)), "reused": .integer(Int64(reused)),
            "embedded": .integer(Int64(embedded)),
            "skipped": .object(
                JSONObject(
                    SkipReason.allCases.filter { skipped[$0] > 0 }.map {
                        .init(key: "\($0)", value: .integer(Int64(skipped[$0])))
                    })),
            "seconds": .number((duration / .milliseconds(1)).rounded() / 1000),
        ]
        object["model"] = space.map { .string($0.model) }
        object["space_id"] = space.map { .string($0.id) }
        return object
    }
}
