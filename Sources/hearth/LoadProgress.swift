// SPDX-License-Identifier: Apache-2.0
//
// Shows how far the daemon has come with loading a model, on a terminal only.

import Terminal
import WireProtocol

final class LoadProgress {
    private let console = Console.standardError()
    private var bar: ProgressBar?

    func show(_ progress: Progress) {
        guard console.isInteractive else { return }
        let bar = self.bar ?? ProgressBar(label: progress.message, unit: .bytes, console: console)
        self.bar = bar
        let total = progress.total > 0 ? Int64(progress.total) : nil
        bar.update(completed: Int64(progress.completed), total: total, label: progress.message)
    }

    func finish() {
        bar?.finish()
        bar = nil
    }

    deinit { finish() }
}
