// SPDX-License-Identifier: Apache-2.0
//
// The first stage of a tokenizer: text to text.

indirect enum Normalizer: Sendable {
    case bert(BertNormalizer)
    case sequence([Normalizer])

    /// Appends the normal form of a part of `source`.
    func normalize(_ source: NormalizedText, _ range: Range<Int>, into output: inout NormalizedText) {
        switch self {
        case .bert(let normalizer):
            normalizer.normalize(source, range, into: &output)
        case .sequence(let steps):
            guard let last = steps.last else { return output.append(source, range) }
            var text = source
            var range = range
            for step in steps.dropLast() {
                var next = NormalizedText(tracksOrigins: source.tracksOrigins)
                step.normalize(text, range, into: &next)
                text = next
                range = 0..<text.bytes.count
            }
            last.normalize(text, range, into: &output)
        }
    }

    /// The normal form of a short text, without origins.
    func normalize(_ text: String) -> [UInt8] {
        let source = NormalizedText(text, tracksOrigins: false)
        var output = NormalizedText(tracksOrigins: false)
        normalize(source, 0..<source.bytes.count, into: &output)
        return output.bytes
    }
}
