// SPDX-License-Identifier: Apache-2.0
//
// How far running steps say they are, for whoever asks; kept nowhere else.

internal import Synchronization

final class StepProgressBoard: Sendable {
    private let board = Mutex<[StepReference: StepProgress]>([:])

    func set(_ progress: StepProgress?, for step: StepReference) {
        board.withLock { $0[step] = progress }
    }

    subscript(step: StepReference) -> StepProgress? { board.withLock { $0[step] } }
}
