// SPDX-License-Identifier: Apache-2.0
//
// Threads that share one forward pass, when nothing else needs them.

internal import Threads

/// A few threads that wait for someone's work to share.
///
/// One caller at a time leads the team through a forward pass, phase by phase: tasks of a phase are taken one by one
/// by whoever is free, the leader included. So a thread that comes late, or never, slows nothing down; and what is
/// computed does not depend on who computes it. Between two phases helpers look for the next for some microseconds,
/// then they sleep. Without a leader they sleep all the time.
public final class ComputeTeam: Sendable {
    /// Threads that can work at once, the leader's included.
    public let size: Int
    private let board: TaskBoard

    /// Starts `size` - 1 helpers, which end with the team.
    public init(size: Int = Processors.computeThreads) {
        self.size = max(1, size)
        let board = TaskBoard()
        self.board = board
        for worker in 1..<self.size {
            // A helper that cannot start is one that never comes.
            _ = startThread(named: "team-\(worker)") { board.help(as: worker) }
        }
    }

    deinit { board.close() }

    /// Leads the team through `body`, which calls `forEach` any number of times; alone, where someone else leads.
    /// - Parameter checkpoint: what to call between tasks when alone.
    func lead<Result>(
        checkpoint: (() -> Void)?, _ body: (TaskCrew) throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
        guard size > 1, board.open() else { return try body(.alone(checkpoint)) }
        defer { board.rest() }
        return try body(TaskCrew(board: board, size: size))
    }
}

/// Those who take part in a forward pass.
struct TaskCrew {
    private let board: TaskBoard?
    /// Workers, numbered from 0, the leader.
    let size: Int
    private let checkpoint: (() -> Void)?

    static var alone: TaskCrew { alone(nil) }

    /// One worker, who calls `checkpoint` after every task.
    static func alone(_ checkpoint: (() -> Void)?) -> TaskCrew {
        TaskCrew(board: nil, size: 1, checkpoint: checkpoint)
    }

    fileprivate init(board: TaskBoard?, size: Int, checkpoint: (() -> Void)? = nil) {
        self.board = board
        self.size = size
        self.checkpoint = checkpoint
    }

    /// Runs tasks 0..<count, in any order and on any worker, and returns when all are done.
    func forEach(_ count: Int, _ body: @escaping (_ task: Int, _ worker: Int) -> Void) {
        if let board, count > 1 {
            board.run(count, body)
        } else {
            for task in 0..<count {
                body(task, 0)
                checkpoint?()
            }
        }
    }
}
