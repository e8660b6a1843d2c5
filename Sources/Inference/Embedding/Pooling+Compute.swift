// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of pooling and normalisation, as in sentence-transformers
// (sentence_transformer/modules/pooling.py and torch.nn.functional.normalize).

internal import CKernels

extension Pooling {
    /// Pools [count, width] token vectors into `modes.count` × width values.
    /// - Parameter skipping: tokens of a prompt that is left out.
    func pool(
        _ vectors: UnsafePointer<Float>, count: Int, width: Int, skipping promptTokens: Int,
        into output: UnsafeMutablePointer<Float>, _ kernels: Kernels
    ) {
        let first = firstToken(of: count, skipping: promptTokens)
        let rows = (first..<count).lazy.map { vectors + $0 * width }
        for (index, mode) in modes.enumerated() {
            let target = output + index * width
            switch mode {
            case .firstToken: target.update(from: vectors + first * width, count: width)
            case .lastToken: target.update(from: vectors + (count - 1) * width, count: width)
            case .max:
                target.update(from: vectors + first * width, count: width)
                for row in rows {
                    for column in 0..<width { target[column] = Swift.max(target[column], row[column]) }
                }
            case .mean, .meanSquareRootLength:
                target.update(repeating: 0, count: width)
                for row in rows { kernels.table.pointee.add(target, row, Int64(width)) }
                let tokens = Float(count - first)
                scale(target, width, by: 1 / (mode == .mean ? tokens : tokens.squareRoot()))
            case .weightedMean:
                target.update(repeating: 0, count: width)
                var sum: Float = 0
                for (position, row) in zip(first..<count, rows) {
                    let weight = Float(position + 1)
                    for column in 0..<width { target[column] += row[column] * weight }
                    sum += weight
                }
                scale(target, width, by: 1 / sum)
            }
        }
    }
}

extension Pooling {
    private func firstToken(of count: Int, skipping promptTokens: Int) -> Int {
        includesPrompt || promptTokens >= count ? 0 : promptTokens
    }

    /// The place of the only token of a text whose vector is read; nil where more than one is.
    func onlyToken(of text: TokenizedText) -> Int? {
        guard modes.count == 1 else { return nil }
        return switch modes[0] {
        case .firstToken: firstToken(of: text.ids.count, skipping: text.promptTokens)
        case .lastToken: text.ids.count - 1
        case .max, .mean, .meanSquareRootLength, .weightedMean: nil
        }
    }
}

/// Scales a vector to length 1; one shorter than 10⁻¹² is divided by that.
func scaleToLengthOne(_ vector: UnsafeMutablePointer<Float>, _ count: Int, _ kernels: Kernels) {
    let length = kernels.table.pointee.dot(vector, vector, Int64(count)).squareRoot()
    scale(vector, count, by: 1 / max(length, 1e-12))
}

private func scale(_ vector: UnsafeMutablePointer<Float>, _ count: Int, by factor: Float) {
    for index in 0..<count { vector[index] *= factor }
}
