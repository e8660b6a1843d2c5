// SPDX-License-Identifier: Apache-2.0
//
// The first stage of a tokenizer: text to text.

indirect enum Normalizer: Sendable {
    case bert(BertNormalizer)
    case byteLevel
    case lowercase
    case nmt
    case precompiled(PrecompiledNormalizer)
    case prepend(String)
    case replace(RegularExpression, String)
    case sequence([Normalizer])
    case strip(left: Bool, right: Bool)
    case stripAccents
    case unicode(UnicodeNormalizer)

    /// Appends the normal form of a part of `source`.
    func normalize(_ source: NormalizedText, _ range: Range<Int>, into output: inout NormalizedText) {
        switch self {
        case .bert(let normalizer):
            normalizer.normalize(source, range, into: &output)
        case .byteLevel:
            var text = source
            var pieces = [range]
            ByteLevel.spell(&text, &pieces)
            output.append(text, 0..<text.bytes.count)
        case .lowercase:
            LowercaseNormalizer.normalize(source, range, into: &output)
        case .nmt:
            CharacterNormalizer.nmt(source, range, into: &output)
        case .precompiled(let normalizer):
            normalizer.normalize(source, range, into: &output)
        case .prepend(let prefix):
            CharacterNormalizer.prepend(prefix, source, range, into: &output)
        case .replace(let expression, let content):
            CharacterNormalizer.replace(expression, with: content, source, range, into: &output)
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
        case .strip(let left, let right):
            CharacterNormalizer.strip(source, range, left: left, right: right, into: &output)
        case .stripAccents:
            CharacterNormalizer.stripAccents(source, range, into: &output)
        case .unicode(let normalizer):
            normalizer.normalize(source, range, into: &output)
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
