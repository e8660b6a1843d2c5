// SPDX-License-Identifier: Apache-2.0
//
// A MessagePack document as a value: what cass's protocol needs of it, which is
// all but extensions. https://github.com/msgpack/msgpack/blob/master/spec.md

enum MessagePackValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// Beyond `Int64`.
    case unsigned(UInt64)
    /// A float 32.
    case float(Float)
    /// A float 64.
    case double(Double)
    case string(String)
    case binary([UInt8])
    case array([MessagePackValue])
    case map([Member])

    struct Member: Sendable, Hashable {
        var key: MessagePackValue
        var value: MessagePackValue
    }
}

extension MessagePackValue {
    /// Text; bytes that are UTF-8 count as such.
    var string: String? {
        switch self {
        case .string(let text): text
        case .binary(let bytes): String(validating: bytes, as: UTF8.self)
        default: nil
        }
    }

    var integer: Int? {
        if case .integer(let value) = self { Int(exactly: value) } else { nil }
    }

    var array: [MessagePackValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    var isNull: Bool { self == .null }
}
