// SPDX-License-Identifier: Apache-2.0
//
// The entries of one lane, fair between clients by the tokens they are served:
// start-time fair queueing (Goyal, Vin, Cheng: "Start-time Fair Queuing", 1996).

struct FairQueue: Sendable {
    /// One client's entries, first come first served.
    private struct Flow: Sendable {
        var entries: [Schedule.Entry] = []
        var head = 0
        /// When, in tokens served to each client, this client's next batch starts.
        var start: Int

        var isEmpty: Bool { head == entries.count }

        mutating func dropFirst() {
            head += 1
            if head * 2 > entries.count {
                entries.removeFirst(head)
                head = 0
            }
        }
    }

    /// A client stays known without entries until the lane's time has passed what it was served, or it would be ahead
    /// of the others each time it comes back.
    private var flows: [ClientID: Flow] = [:]
    /// The start of the last that was served.
    private var time = 0
    private(set) var count = 0
    /// Tokens that wait.
    private(set) var tokens = 0

    /// Known clients without entries are looked through when there are more than this.
    private static let idleFlows = 64

    mutating func append(_ entry: Schedule.Entry) {
        var flow = flows.removeValue(forKey: entry.client) ?? Flow(start: time)
        // Whoever was away has saved nothing up.
        if flow.isEmpty { flow.start = max(time, flow.start) }
        flow.entries.append(entry)
        flows[entry.client] = flow
        count += 1
        tokens += entry.tokens
    }

    /// The client to serve next among those whose first entry `isEligible`.
    func next(where isEligible: (Schedule.Entry) -> Bool) -> ClientID? {
        var best: (client: ClientID, start: Int, id: UInt64)?
        for (client, flow) in flows where !flow.isEmpty {
            let entry = flow.entries[flow.head]
            if let best, (best.start, best.id) <= (flow.start, entry.id) { continue }
            if isEligible(entry) { best = (client, flow.start, entry.id) }
        }
        return best?.client
    }

    /// Takes units from a client's first entry: as many as fit in `budget` tokens, or at least one if `isFirst`.
    mutating func take(from client: ClientID, budget: Int, isFirst: Bool) -> Schedule.Part? {
        guard var flow = flows[client], !flow.isEmpty else { return nil }
        let entry = flow.entries[flow.head]
        let first = entry.next
        var end = first
        var taken = 0
        while end < entry.sizes.count, taken + entry.sizes[end] <= budget || (isFirst && end == first) {
            taken += entry.sizes[end]
            end += 1
        }
        guard end > first else { return nil }
        // Else the array below would be copied.
        flows[client] = nil
        if end == entry.sizes.count {
            flow.dropFirst()
            count -= 1
        } else {
            flow.entries[flow.head].next = end
            flow.entries[flow.head].tokens -= taken
        }
        tokens -= taken
        if isFirst { time = max(time, flow.start) }
        flow.start += taken
        flows[client] = flow
        forgetIdle()
        return Schedule.Part(
            id: entry.id, units: first..<end, isLast: end == entry.sizes.count, arrival: entry.arrival, tokens: taken)
    }

    func first(of client: ClientID) -> Schedule.Entry? {
        flows[client].flatMap { $0.isEmpty ? nil : $0.entries[$0.head] }
    }

    mutating func remove(_ id: UInt64, of client: ClientID) {
        guard var flow = flows[client],
            let index = flow.entries.indices.dropFirst(flow.head).first(where: { flow.entries[$0].id == id })
        else { return }
        flows[client] = nil
        tokens -= flow.entries[index].tokens
        count -= 1
        flow.entries.remove(at: index)
        flows[client] = flow
        forgetIdle()
    }

    var entries: [Schedule.Entry] { flows.values.flatMap { $0.entries[$0.head...] } }

    /// The first entry of every client.
    var heads: [Schedule.Entry] { flows.values.compactMap { $0.isEmpty ? nil : $0.entries[$0.head] } }

    private mutating func forgetIdle() {
        if count == 0 {
            flows.removeAll()
            time = 0
        } else if flows.count > Self.idleFlows {
            flows = flows.filter { !$0.value.isEmpty || $0.value.start > time }
        }
    }
}
