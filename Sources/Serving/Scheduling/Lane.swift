// SPDX-License-Identifier: Apache-2.0
//
// The three queues of work. A free thread takes from the highest that has any,
// but for one batch now and then from one that waited long.

public enum Lane: Int, Sendable, CaseIterable {
    /// Someone is waiting at a keyboard.
    case interactive
    case normal
    /// Nobody is waiting.
    case background
}
