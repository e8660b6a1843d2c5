// SPDX-License-Identifier: Apache-2.0
//
// A batch of any size through the encoder: cut into passes, pooled, normalised.

internal import Synchronization

/// What becomes of a text's token vectors.
struct PooledOutput: Sendable {
    var pooling: Pooling
    /// The first values are kept.
    var dimensions: Int
    var normalize: Bool
}

extension Encoder {
    /// Tokens that go through the layers together; more would only leave the cache.
    private static let tokensPerPass = 512

    /// The vector of every text, [batch, dimensions], computed on this thread.
    func embed(
        _ batch: [TokenizedText], _ output: PooledOutput, in workspace: Workspace
    ) throws(ModelError) -> [Float] {
        var vectors = [Float](repeating: 0, count: batch.count * output.dimensions)
        try vectors.withUnsafeMutableBufferPointer { vectors throws(ModelError) in
            guard let base = vectors.baseAddress else { return }
            try embed(batch, output, in: workspace, .alone, to: base)
        }
        return vectors
    }

    /// Writes the vector of every text to `vectors`, [batch, dimensions].
    func embed(
        _ batch: [TokenizedText], _ output: PooledOutput, in workspace: Workspace, _ crew: TaskCrew,
        to vectors: UnsafeMutablePointer<Float>
    ) throws(ModelError) {
        let passes = passes(of: batch)
        if passes.count < crew.size || crew.size == 1 {
            for pass in passes {
                try embed(batch[pass], output, in: workspace, crew, to: vectors + pass.lowerBound * output.dimensions)
            }
            return
        }
        // Enough for everyone: each worker takes whole passes.
        let workspaces = workspace.divided(for: crew.size)
        let failure = Failure()
        crew.forEach(passes.count) { task, worker in
            do throws(ModelError) {
                try self.embed(
                    batch[passes[task]], output, in: workspaces[worker], .alone,
                    to: vectors + passes[task].lowerBound * output.dimensions)
            } catch {
                failure.first.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.first.withLock({ $0 }) { throw error }
    }

    private final class Failure: Sendable {
        let first = Mutex<ModelError?>(nil)
    }

    private func embed(
        _ texts: ArraySlice<TokenizedText>, _ output: PooledOutput, in workspace: Workspace, _ crew: TaskCrew,
        to vectors: UnsafeMutablePointer<Float>
    ) throws(ModelError) {
        let hidden = try forward(texts, in: workspace, crew)
        var pooled = [Float](repeating: 0, count: output.pooling.modes.count * self.hidden)
        var rows = hidden
        var target = vectors
        for text in texts {
            pooled.withUnsafeMutableBufferPointer { pooled in
                guard let pooled = pooled.baseAddress else { return }
                output.pooling.pool(
                    rows, count: text.ids.count, width: self.hidden, skipping: text.promptTokens, into: pooled, kernels)
                target.update(from: pooled, count: output.dimensions)
            }
            if output.normalize { scaleToLengthOne(target, output.dimensions, kernels) }
            rows += text.ids.count * self.hidden
            target += output.dimensions
        }
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
