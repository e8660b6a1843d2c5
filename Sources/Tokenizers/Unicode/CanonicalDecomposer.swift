// SPDX-License-Identifier: Apache-2.0
//
// NFD of a stream of scalars. It knows the origin of each scalar, and nothing
// of where the result goes.

/// Decomposes scalars, and holds marks back until the next starter so that they leave in canonical order.
struct CanonicalDecomposer {
    typealias Origin = NormalizedText.Origin

    private struct Mark {
        var scalar: UInt32
        var properties: ScalarProperties
        /// Whether this is the first scalar of what a source character became.
        var opensCharacter: Bool
    }

    private var marks: [Mark] = []
    /// The origins of the characters that the marks open, in the order of the source.
    private var origins: [Origin] = []
    private var currentOrigin = Origin(start: 0, end: 0)

    var holdsMarks: Bool { !marks.isEmpty }

    mutating func append(
        _ scalar: UInt32, _ properties: ScalarProperties, origin: Origin,
        emit: (UInt32, ScalarProperties, Origin) -> Void
    ) {
        guard properties.hasDecomposition else {
            return append(part: scalar, properties, opening: origin, emit: emit)
        }
        var opening: Origin? = origin
        CanonicalDecomposition.forEachScalar(of: scalar) { part in
            append(part: part, ScalarProperties(part), opening: opening, emit: emit)
            opening = nil
        }
    }

    private mutating func append(
        part: UInt32, _ properties: ScalarProperties, opening: Origin?,
        emit: (UInt32, ScalarProperties, Origin) -> Void
    ) {
        if properties.combiningRank == 0 {
            flush(emit: emit)
            if let opening { currentOrigin = opening }
            emit(part, properties, currentOrigin)
        } else {
            marks.append(Mark(scalar: part, properties: properties, opensCharacter: opening != nil))
            if let opening { origins.append(opening) }
        }
    }

    /// Emits the marks that are held back. To be called before any scalar that bypasses `append`, and at the end.
    ///
    /// Origins stay in the order of the source although the marks do not: this is how the reference counts.
    mutating func flush(emit: (UInt32, ScalarProperties, Origin) -> Void) {
        if marks.isEmpty { return }
        marks.sort { $0.properties.combiningRank < $1.properties.combiningRank }
        var next = 0
        for mark in marks {
            if mark.opensCharacter {
                currentOrigin = origins[next]
                next += 1
            }
            emit(mark.scalar, mark.properties, currentOrigin)
        }
        marks.removeAll(keepingCapacity: true)
        origins.removeAll(keepingCapacity: true)
    }
}
