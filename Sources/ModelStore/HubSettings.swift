// SPDX-License-Identifier: Apache-2.0
//
// Where the Hugging Face hub and its cache are, and how to speak to it: the same
// environment variables as the huggingface_hub library reads.

public struct HubSettings: Sendable, Hashable {
    /// Address of the hub, without a slash at its end (`HF_ENDPOINT`).
    public let endpoint: String
    /// Folder of the cache; nil where neither it nor HOME is set.
    public let cache: String?
    /// Sent to the hub, and to nobody else.
    public let token: String?
    /// No network, by the user's wish (`HF_HUB_OFFLINE`, `TRANSFORMERS_OFFLINE`).
    public let isOffline: Bool

    public init(environment: [String: String]) {
        func value(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        func isOn(_ name: String) -> Bool {
            ["1", "ON", "YES", "TRUE"].contains(value(name)?.uppercased() ?? "")
        }
        func folder(_ name: String) -> String? {
            guard let path = value(name) else { return nil }
            if path.hasPrefix("/") { return path }
            guard let home = value("HOME"), path == "~" || path.hasPrefix("~/") else { return nil }
            return home + path.dropFirst()
        }

        var endpoint = value("HF_ENDPOINT") ?? "https://huggingface.co"
        while endpoint.hasSuffix("/") { endpoint.removeLast() }
        self.endpoint = endpoint

        let home =
            folder("HF_HOME")
            ?? (folder("XDG_CACHE_HOME") ?? value("HOME").map { $0 + "/.cache" }).map { $0 + "/huggingface" }
        cache = folder("HF_HUB_CACHE") ?? folder("HUGGINGFACE_HUB_CACHE") ?? home.map { $0 + "/hub" }

        if isOn("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
            token = nil
        } else {
            let file = folder("HF_TOKEN_PATH") ?? home.map { $0 + "/token" }
            let kept = file.flatMap { try? Disk.read($0, limit: 4096) }.map { String(decoding: $0, as: UTF8.self) }
            token = (value("HF_TOKEN") ?? value("HUGGING_FACE_HUB_TOKEN") ?? kept).flatMap(Self.token)
        }
        isOffline = isOn("HF_HUB_OFFLINE") || isOn("TRANSFORMERS_OFFLINE")
    }

    /// The token without white space around it; nil for what cannot stand in a header.
    private static func token(_ text: String) -> String? {
        let scalars = text.unicodeScalars.drop { $0.properties.isWhitespace }
        let token = String(scalars.prefix { !$0.properties.isWhitespace })
        return !token.isEmpty && token.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? token : nil
    }
}
