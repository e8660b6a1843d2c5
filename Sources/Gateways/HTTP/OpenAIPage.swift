// SPDX-License-Identifier: Apache-2.0
//
// A part of a list, as OpenAI's API gives it: `after` an element, at most
// `limit` of them.

import JSON

struct OpenAIPage {
    private let after: String?
    private let limit: Int

    init(_ query: [String: String], maximum: Int, default: Int) throws(HTTPFailure) {
        after = query["after"]
        guard let text = query["limit"] else {
            limit = `default`
            return
        }
        guard let limit = Int(text), (1...maximum).contains(limit) else {
            throw .invalid("'limit' must be from 1 to \(maximum)", parameter: "limit")
        }
        self.limit = limit
    }

    func json<Item>(
        _ items: [Item], id: (Item) -> String, _ json: (Item) -> JSONValue
    ) throws(HTTPFailure) -> JSONValue {
        var rest = items[...]
        if let after {
            guard let place = items.firstIndex(where: { id($0) == after }) else {
                throw .invalid("'after' names nothing in this list", parameter: "after")
            }
            rest = items[(place + 1)...]
        }
        let page = rest.prefix(limit)
        return [
            "object": "list", "data": .array(page.map(json)),
            "first_id": page.first.map { .string(id($0)) } ?? .null,
            "last_id": page.last.map { .string(id($0)) } ?? .null, "has_more": .bool(rest.count > page.count),
        ]
    }
}
