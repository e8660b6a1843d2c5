// SPDX-License-Identifier: Apache-2.0
//
// `daemon.status` for people.

import JSON
import Terminal

/// A daemon of another version may leave out members.
struct StatusReport {
    let text: String

    init(_ status: JSONValue, console: Console) {
        var head = ["hearthd \(status["version"]?.string ?? "of an unknown version")"]
        if let pid = status["pid"]?.integer { head.append("pid \(pid)") }
        if let uptime = status["uptime_s"]?.double { head.append("up \(Format.duration(.seconds(uptime)))") }
        if let state = status["state"]?.string, state != "running" { head.append(state) }
        var text = console.styled(head[0], .bold) + head.dropFirst().map { ", \($0)" }.joined() + "\n"
        for (name, value) in Self.facts(status) {
            text += "  \(name)\(String(repeating: " ", count: max(1, 13 - name.count)))\(value.printable)\n"
        }
        let models = status["models"]?.array ?? []
        if !models.isEmpty { text += "\n" + Self.table(models).rendered(for: console) }
        for model in models {
            guard let reason = model["reason"]?.string else { continue }
            text += console.styled("\(model["id"]?.string ?? "?"): \(reason)".printable, .yellow) + "\n"
        }
        self.text = text
    }

    private static func facts(_ status: JSONValue) -> [(String, String)] {
        var facts: [(String, String)] = []
        func add(_ name: String, _ parts: [String?]) {
            let known = parts.compactMap { $0 }
            if !known.isEmpty { facts.append((name, known.joined(separator: ", "))) }
        }
        func count(_ value: JSONValue?, _ noun: String) -> String? {
            value?.integer.map { "\(Format.count(Int64($0))) \(noun)" }
        }
        func bytes(_ value: JSONValue?, _ noun: String) -> String? {
            value?.integer.map { "\(Format.bytes(Int64($0))) \(noun)" }
        }
        add("socket", [status["socket"]?.string])
        add("http", [status["http"]?["error"]?.string ?? status["http"]?["address"]?.string])
        for place in status["compat"]?.array ?? [] {
            guard let tool = place["tool"]?.string, let state = place["state"]?.string else { continue }
            add(tool, [state == "open" ? place["address"]?.string : place["reason"]?.string ?? state])
        }
        add(
            "ends",
            [
                status["idle_timeout_s"]?.double.map {
                    $0 > 0 ? "after \(Format.duration(.seconds($0))) without requests" : "only when stopped"
                }
            ])
        add("connections", [status["connections"]?.integer.map { Format.count(Int64($0)) }])
        let requests = status["requests"]
        add(
            "requests",
            [
                count(requests?["total"], "in total"), count(requests?["failed"], "failed"),
                count(requests?["in_flight"], "in flight"),
            ])
        if let level = status["governor"]?["level"]?.string, level != "none" { add("pressure", [level]) }
        add("queue", [count(status["queue"]?["waiting"], "waiting"), count(status["queue"]?["running"], "running")])
        let memory = status["memory"]
        add("memory", [bytes(memory?["resident_bytes"], "resident"), bytes(memory?["private_bytes"], "private")])
        add("compute", [count(status["compute"]?["threads"], "threads")])
        return facts
    }

    private static func table(_ models: [JSONValue]) -> Table {
        var table = Table([
            .init("model"), .init("state"), .init("dimensions", .right), .init("precision"), .init("kernels"),
            .init("size", .right),
        ])
        for model in models {
            table.append([
                model["id"]?.string ?? "?",
                (model["state"]?.string ?? "") + (model["pinned"]?.bool == true ? ", pinned" : ""),
                model["dimensions"]?.integer.map { "\($0)" } ?? "", model["dtype"]?.string ?? "",
                model["isa"]?.string ?? "",
                model["bytes"]?.integer.map { Format.bytes(Int64($0)) } ?? "",
            ])
        }
        return table
    }
}
