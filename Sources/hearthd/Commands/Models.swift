// SPDX-License-Identifier: Apache-2.0
//
// `models`: what the verbs that work on the store have in common. They need no
// daemon, and run with the rights of whoever calls.

import ArgumentParser
import JSON
import ModelStore
import Terminal
import WireProtocol

struct Models: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "List, download, check and remove models.",
        subcommands: [ModelsList.self, ModelsPull.self, ModelsShow.self, ModelsVerify.self, ModelsRemove.self],
        defaultSubcommand: ModelsList.self)
}

/// What the verbs work on.
struct ModelsContext {
    let paths: HearthPaths
    let store: ModelStore
    let daemon: RunningDaemon?
    /// States of models that a running daemon knows, by id: "ready", "loading", …
    let residentStates: [String: String]

    /// The store of this user, from the environment.
    init() throws {
        let environment = processEnvironment()
        paths = try HearthPaths(environment: environment)
        store = ModelStore(directory: paths.data, environment: environment)
        daemon = RunningDaemon(environment: environment)
        residentStates = daemon?.modelStates() ?? [:]
    }

    /// In the words of the protocol: a model that is on the disk but not in memory is cold.
    func state(of id: String, isInstalled: Bool) -> String {
        residentStates[id] ?? (isInstalled ? "cold" : "absent")
    }
}

extension ModelsContext {
    /// Runs a verb. Errors are said on standard error; the exit status is 2 for a name that cannot be one, 75 where the
    /// same may work later, else 1.
    static func run(_ options: OutputOptions, _ body: (ModelsContext) async throws -> Void) async throws {
        do {
            try await body(ModelsContext())
        } catch let error as ModelStoreError {
            throw options.fail(
                error.code.rawValue, error.message,
                status: error.code == .invalidReference ? 2 : error.isTemporary ? 75 : 1,
                details: ["suggestions": .array(error.suggestions.map(JSONValue.string))])
        }
    }

    /// What is known of an installed model, for programs.
    func json(_ model: InstalledModel) -> JSONObject {
        var object: JSONObject = [
            "id": .string(model.id),
            "state": .string(state(of: model.id, isInstalled: true)),
            "origin": .string(model.origin.rawValue),
            "source": .string(model.source.reference),
            "revision": model.revision.map(JSONValue.string) ?? .null,
            "path": .string(model.folder),
            "bytes": .integer(model.bytes),
        ]
        if let entry = store.catalogue.entry(named: model.id) { describe(entry, in: &object) }
        return object
    }

    /// What the catalogue knows of a model that is not there, for programs.
    func json(_ entry: CatalogueEntry) -> JSONObject {
        var object: JSONObject = [
            "id": .string(entry.id),
            "state": .string(state(of: entry.id, isInstalled: false)),
            "source": entry.sources.first.map { .string($0.reference) } ?? .null,
            "path": .null,
            "bytes": .integer(entry.bytes),
        ]
        describe(entry, in: &object)
        return object
    }

    private func describe(_ entry: CatalogueEntry, in object: inout JSONObject) {
        object["dimensions"] = .integer(Int64(entry.dimensions))
        object["max_tokens"] = .integer(Int64(entry.maxTokens))
        object["license"] = .string(entry.license)
        object["summary"] = .string(entry.summary)
    }
}
