// SPDX-License-Identifier: Apache-2.0
//
// The document while it is read: which tables exist and whether they may still
// grow (TOML 1.0, "Table", "Inline Table", "Array of Tables").

/// A table under construction.
final class TOMLTree {
    enum Definition {
        /// Named only as a part of a longer header; its own header may still come.
        case implicit
        /// By its own `[header]`.
        case header
        /// By dotted keys, within the table in which they stand.
        case dotted
    }

    private enum Node {
        case value(TOMLValue)
        case table(TOMLTree)
        /// `[[header]]`, never empty.
        case tables([TOMLTree])
    }

    private struct Member {
        let key: TOMLKey
        var node: Node
    }

    private var members: [Member] = []
    private var positions: [String: Int] = [:]
    private var definition: Definition

    init(_ definition: Definition) { self.definition = definition }

    /// The table of `[a.b.c]`, seen from the root.
    func define(header path: [TOMLKey]) throws(TOMLError) -> TOMLTree {
        let (parent, key) = try parent(ofHeader: path)
        guard let position = parent.positions[key.name] else { return parent.addTable(key, .header) }
        guard case .table(let table) = parent.members[position].node, table.definition == .implicit else {
            throw parent.isDefined(key, at: position)
        }
        table.definition = .header
        return table
    }

    /// A new element of `[[a.b.c]]`, seen from the root.
    func append(header path: [TOMLKey]) throws(TOMLError) -> TOMLTree {
        let (parent, key) = try parent(ofHeader: path)
        let table = TOMLTree(.header)
        guard let position = parent.positions[key.name] else {
            parent.add(key, .tables([table]))
            return table
        }
        guard case .tables(let tables) = parent.members[position].node else {
            throw parent.isDefined(key, at: position)
        }
        parent.members[position].node = .tables(tables + [table])
        return table
    }

    /// Sets `a.b.c = value`, seen from this table.
    func set(_ path: [TOMLKey], to value: TOMLValue) throws(TOMLError) {
        var table = self
        for key in path.dropLast() {
            guard let position = table.positions[key.name] else {
                table = table.addTable(key, .dotted)
                continue
            }
            guard case .table(let next) = table.members[position].node, next.definition == .dotted else {
                throw table.isDefined(key, at: position)
            }
            table = next
        }
        guard let key = path.last else { return }
        if let position = table.positions[key.name] { throw table.isDefined(key, at: position) }
        table.add(key, .value(value))
    }

    var value: TOMLTable {
        TOMLTable(
            members.map { member in
                let value: TOMLValue =
                    switch member.node {
                    case .value(let value): value
                    case .table(let table): .table(table.value)
                    case .tables(let tables): .array(tables.map { .table($0.value) })
                    }
                return TOMLTable.Member(key: member.key.name, value: value, place: member.key.place)
            })
    }

    private func parent(ofHeader path: [TOMLKey]) throws(TOMLError) -> (TOMLTree, TOMLKey) {
        var table = self
        for key in path.dropLast() {
            guard let position = table.positions[key.name] else {
                table = table.addTable(key, .implicit)
                continue
            }
            switch table.members[position].node {
            case .value: throw table.isDefined(key, at: position)
            case .table(let next): table = next
            case .tables(let tables): table = tables[tables.count - 1]
            }
        }
        // A header has at least one key; the reader sees to it.
        return (table, path[path.count - 1])
    }

    private func addTable(_ key: TOMLKey, _ definition: Definition) -> TOMLTree {
        let table = TOMLTree(definition)
        add(key, .table(table))
        return table
    }

    private func add(_ key: TOMLKey, _ node: Node) {
        positions[key.name] = members.count
        members.append(Member(key: key, node: node))
    }

    private func isDefined(_ key: TOMLKey, at position: Int) -> TOMLError {
        TOMLError("'\(key.name)' is defined already, in line \(members[position].key.place.line)", at: key.place)
    }
}

/// One part of a key, and where it stands.
struct TOMLKey {
    let name: String
    let place: TOMLPlace
}
