// SPDX-License-Identifier: Apache-2.0
//
// A batch of any size through the encoder: cut into passes, which a team's threads share.

internal import Synchronization

extension Encoder {
    /// Tokens that go through the layers together; more would only leave the cache.
    private static let tokensPerPass = 512

    /// What is done with the token vectors, [tokens, hidden], of some texts of a batch; on any of the threads.
    typealias PassBody = (_ texts: Range<Int>, _ hidden: UnsafeMutablePointer<Float>) -> Void

    /// Computes the token vectors of all texts, pass by pass.
    /// - Parameter pooling: what will read them; nil where all will be read.
    func forEachPass(
        of batch: [TokenizedText], for pooling: Pooling?, in workspace: Workspace, _ crew: TaskCrew,
        _ body: @escaping PassBody
    ) throws(ModelError) {
        let passes = passes(of: batch)
        if passes.count < crew.size || crew.size == 1 {
            for pass in passes { body(pass, try forward(batch[pass], for: pooling, in: workspace, crew)) }
            return
        }
        // Enough for everyone: each worker takes whole passes.
        let workspaces = workspace.divided(for: crew.size)
        let failure = Failure()
        crew.forEach(passes.count) { task, worker in
            do throws(ModelError) {
                body(passes[task], try self.forward(batch[passes[task]], for: pooling, in: workspaces[worker]))
            } catch {
                failure.first.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.first.withLock({ $0 }) { throw error }
    }

    private final class Failure: Sendable {
        let first = Mutex<ModelError?>(nil)
    }

    /// Cuts a batch before its tokens become too many, but not before the first text of a pass.
    private func passes(of batch: [TokenizedText]) -> [Range<Int>] {
        var passes: [Range<Int>] = []
        var start = 0
        var tokens = 0
        for (index, text) in batch.enumerated() {
            if index > start, tokens + text.ids.count > Self.tokensPerPass {
                passes.append(start..<index)
                start = index
                tokens = 0
            }
            tokens += text.ids.count
        }
        if start < batch.count { passes.append(start..<batch.count) }
        return passes
    }
}
