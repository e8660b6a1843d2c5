// SPDX-License-Identifier: Apache-2.0
//
// The activations of every instruction set over the whole range of Float,
// against Double: the bounds that template/math.h states.

import CKernels
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// For tests that need nothing else of the mathematical library.
func exponential(_ x: Double) -> Double { exp(x) }
func cosine(_ x: Double) -> Double { cos(x) }
func sine(_ x: Double) -> Double { sin(x) }

/// An activation with its definition and its bounds.
struct Activation: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let kind: UInt32
    /// Largest error where |x| ≤ 10.
    let absolute: Double
    /// Largest relative error where x > 10, and everywhere for functions that keep the digits of small results.
    let relative: Double
    let keepsDigits: Bool
    /// The values at ±infinity.
    let limits: (Double, Double)
    let definition: @Sendable (Double) -> Double

    static let all = [
        Activation("gelu", CK_GELU, 4.5e-7, 3e-7, limits: (-0.0, .infinity)) {
            0.5 * $0 * erfc(-$0 / 2.0.squareRoot())
        },
        Activation("gelu_tanh", CK_GELU_TANH, 1.5e-6, 6e-7, limits: (-0.0, .infinity)) {
            $0 / (1 + exp(-2 * (2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)))
        },
        Activation("silu", CK_SILU, 1.5e-6, 6e-7, limits: (-0.0, .infinity)) { $0 / (1 + exp(-$0)) },
        Activation("relu", CK_RELU, 0, 0, limits: (0, .infinity)) { max($0, 0) },
        Activation("tanh", CK_TANH, 3e-7, 6e-7, keepsDigits: true, limits: (-1, 1)) { tanh($0) },
        Activation("sigmoid", CK_SIGMOID, 2e-7, 5e-7, keepsDigits: true, limits: (0, 1)) { 1 / (1 + exp(-$0)) },
    ]

    private init(
        _ name: String, _ kind: ck_activation, _ absolute: Double, _ relative: Double, keepsDigits: Bool = false,
        limits: (Double, Double), definition: @escaping @Sendable (Double) -> Double
    ) {
        (testDescription, self.kind) = (name, kind.rawValue)
        (self.absolute, self.relative, self.keepsDigits) = (absolute, relative, keepsDigits)
        (self.limits, self.definition) = (limits, definition)
    }

    func callAsFunction(_ set: KernelSet, _ x: [Float]) -> [Float] {
        var values = x
        set.table.activate(ck_activation(kind), &values, Int64(values.count))
        return values
    }
}

@Suite struct ActivationTests {
    /// Every 40,009th bit pattern: all exponents, both signs, denormals and NaN.
    static let inputs = stride(from: 0, through: UInt64(UInt32.max), by: 40_009).map { Float(bitPattern: UInt32($0)) }

    @Test(arguments: KernelSet.available, Activation.all)
    func staysWithinItsBounds(_ set: KernelSet, activation: Activation) {
        let outputs = activation(set, Self.inputs)
        var (absolute, relative, lostNaN) = (0.0, 0.0, 0)
        for (x, y) in zip(Self.inputs, outputs) {
            if x.isNaN {
                lostNaN += y.isNaN ? 0 : 1
                continue
            }
            let expected = activation.definition(Double(x))
            let error = abs(Double(y) - expected)
            if abs(x) <= 10 { absolute = max(absolute, error.isNaN ? .infinity : error) }
            let digitsMatter = x > 10 || (activation.keepsDigits && x > -80)
            if digitsMatter && abs(expected) > 1e-30 && expected.isFinite {
                relative = max(relative, error.isNaN ? .infinity : error / abs(expected))
            }
        }
        #expect(absolute <= activation.absolute)
        #expect(relative <= activation.relative)
        #expect(lostNaN == 0)
    }

    @Test(arguments: KernelSet.available, Activation.all)
    func limits(_ set: KernelSet, activation: Activation) {
        let values = activation(set, [-.infinity, .infinity, .nan, -.greatestFiniteMagnitude])
        #expect(abs(Double(values[0]) - activation.limits.0) <= 2e-7)
        #expect(Double(values[1]) == activation.limits.1)
        #expect(values[2].isNaN)
        #expect(abs(Double(values[3]) - activation.limits.0) <= 2e-7)
    }

    @Test(arguments: KernelSet.available, Activation.all)
    func valuesDoNotDependOnTheirPlace(_ set: KernelSet, activation: Activation) {
        var random = Random(3)
        let x = random.values(37, scale: 6)
        #expect(sameBits(x.flatMap { activation(set, [$0]) }, activation(set, x)))
    }
}
