// SPDX-License-Identifier: Apache-2.0
//
// Which arithmetic is fast and still exact enough: decided once for a model and an instruction set, and remembered.

/// The outcome of the self-test.
struct PrecisionChoice: Sendable, Hashable {
    /// The least cosine between the vectors of bfloat16 and of float32.
    var cosine: Float

    var precision: Precision { cosine >= Self.leastCosine ? .bf16 : .f32 }

    /// Vectors this close to float32's rank the same texts first.
    static let leastCosine: Float = 0.9999
    /// Grows when the texts or the threshold change.
    private static let version = 1

    /// Prose, code, other scripts and noise, short and long.
    static let texts = [
        "a", "weather tomorrow", "How do I undo the last commit without losing my changes?",
        "The committee postponed its decision until the figures for the third quarter had been checked again.",
        "func merge(_ a: [Int], _ b: [Int]) -> [Int] { var i = 0, j = 0; while i < a.count && j < b.count { } }",
        "SELECT name, count(*) FROM events WHERE at > '2024-01-01' GROUP BY name HAVING count(*) > 10 ORDER BY 2 DESC;",
        "error: cannot open shared object file: No such file or directory (os error 2) at src/main.rs:117:9",
        "Ein kurzer Satz auf Deutsch, une phrase en français, y una frase en español.",
        "東京は日本の首都です。 Москва — столица России. 서울은 대한민국의 수도이다. القاهرة عاصمة مصر",
        "0x7fff 3.14159 1e-9 -42 [1, 2, 3] {\"a\": null} <br/> #!/bin/sh && || ~~ $$ %% @@",
        String(repeating: "The river runs past the old mill, and the miller counts his sacks again. ", count: 12),
        String(repeating: "for i in range(10):\n    print(i * i)  # squares\n", count: 24),
    ]

    private static func name(_ weights: Digest, _ kernels: Kernels) -> String {
        "\(weights.hex(byteCount: 16))-\(kernels.name)-auto"
    }

    private static func header(_ weights: Digest, _ kernels: Kernels) -> String {
        "hearth precision \(version) weights \(weights.hex) kernels \(kernels.name) layout \(kernels.layoutVersion)\n"
    }

    /// Reads what an earlier load decided.
    init?(of weights: Digest, _ kernels: Kernels, in cache: InferenceCache) {
        let header = Self.header(weights, kernels)
        guard let text = cache.read("packed", Self.name(weights, kernels)), text.hasPrefix(header) else { return nil }
        guard let cosine = Float(text.dropFirst(header.count)) else { return nil }
        self.cosine = cosine
    }

    init(cosine: Float) {
        self.cosine = cosine
    }

    func save(for weights: Digest, _ kernels: Kernels, in cache: InferenceCache) {
        cache.write("packed", Self.name(weights, kernels), Self.header(weights, kernels) + cosine.description)
    }
}

/// The least cosine of vectors [count, dimensions] to their counterparts.
func leastCosine(_ first: [Float], _ second: [Float], dimensions: Int) -> Float {
    stride(from: 0, to: first.count, by: dimensions).reduce(1) { least, start in
        var (product, squares, otherSquares) = (0.0, 0.0, 0.0)
        for (a, b) in zip(first[start..<start + dimensions], second[start..<start + dimensions]) {
            product += Double(a) * Double(b)
            squares += Double(a) * Double(a)
            otherSquares += Double(b) * Double(b)
        }
        let cosine = product / (squares * otherSquares).squareRoot()
        // A vector of zeros, and one that is not a number, agree with nothing.
        return min(least, cosine.isFinite ? Float(cosine) : 0)
    }
}
