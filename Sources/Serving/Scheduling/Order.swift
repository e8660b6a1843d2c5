// SPDX-License-Identifier: Apache-2.0
//
// What waits in the schedule under an entry's number.

import Inference
import Synchronization

/// Something to compute on the compute threads, in one or more units.
protocol Order: AnyObject, Sendable {
    /// Computes units of this order and of others of its group, on a compute thread.
    func run(_ parts: [OrderPart], _ context: ComputeContext)

    /// Called once when the order will not be computed (any further): it was cancelled or its deadline came.
    func abandon(_ error: ServingError)
}

struct OrderPart: Sendable {
    let order: any Order
    let units: Range<Int>
    /// When the order came.
    let arrival: ContinuousClock.Instant
}

/// What a compute thread has for the batch that it runs.
struct ComputeContext {
    let workspace: Workspace
    /// Threads that have nothing else to do.
    let team: ComputeTeam?
    let start: ContinuousClock.Instant
}
