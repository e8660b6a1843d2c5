// SPDX-License-Identifier: Apache-2.0
//
// The current speed of a growing quantity: an exponentially weighted mean with a
// time constant of three seconds, so that an ETA follows the network but does not jump.

struct RateEstimate: Sendable {
    /// Units per second; nil until enough time has passed to say.
    private(set) var perSecond: Double?
    private var last: (amount: Int64, at: Duration)?

    private static let shortestInterval = Duration.milliseconds(200)
    private static let timeConstant = 3.0

    mutating func record(_ amount: Int64, at now: Duration) {
        guard let last, amount >= last.amount else {
            // The first value, or a restart from a smaller one.
            self.last = (amount, now)
            return
        }
        let elapsed = now - last.at
        guard elapsed >= Self.shortestInterval else { return }
        let seconds = elapsed / .seconds(1)
        let speed = Double(amount - last.amount) / seconds
        if let perSecond {
            let weight = min(1, seconds / Self.timeConstant)
            self.perSecond = perSecond + (speed - perSecond) * weight
        } else {
            perSecond = speed
        }
        self.last = (amount, now)
    }
}
