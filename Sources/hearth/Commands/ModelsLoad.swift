// SPDX-License-Identifier: Apache-2.0
//
// `hearth models load` and `hearth models unload`: what the daemon keeps in memory.

import ArgumentParser
import HearthClient
import JSON
import Terminal

struct ModelsLoad: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Load a model into the daemon, which is started when needed.")

    @Argument(help: ModelName.help, transform: ModelName.init)
    var model: ModelName

    @Flag(help: "Print the model's state as JSON.")
    var json = false

    func run() throws {
        let client = try HearthClient.daemon(start: true)
        let load = try ModelLoad(model, with: client)
        try json ? Output.line(load.result) : Output.write(load.sentence + "\n")
    }
}

struct ModelsUnload: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unload", abstract: "Let go of a model that the daemon keeps in memory.")

    @Argument(help: ModelName.help, transform: ModelName.init)
    var model: ModelName

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let client = try HearthClient.daemon(start: false)
        let result = try client.explaining { client throws(ClientError) in
            try client.call("models.unload", ["model": .string(model.value)]).result
        }
        if json { return try Output.line(result) }
        let wasLoaded = result["unloaded"]?.bool ?? true
        try Output.write(wasLoaded ? "\(model.value) is unloaded\n" : "\(model.value) was not loaded\n")
    }
}

/// Loading a model while showing how far it is.
struct ModelLoad {
    /// The model's state, as of `models.list`.
    let result: JSONValue
    private let duration: Duration
    private let name: String

    init(_ model: ModelName, with client: HearthClient) throws {
        let start = ProgressBar.monotonicTime()
        let progress = LoadProgress()
        result = try client.explaining { client throws(ClientError) in
            try client.call(
                "models.load", ["model": .string(model.value)], isRepeatable: true, onProgress: progress.show
            ).result
        }
        progress.finish()
        duration = ProgressBar.monotonicTime() - start
        name = result["id"]?.string ?? model.value
    }

    /// "minilm is ready (384 dimensions, bf16, 90.9 MB) after 850 ms"
    var sentence: String {
        var facts: [String] = []
        if let dimensions = result["dimensions"]?.integer { facts.append("\(dimensions) dimensions") }
        if let precision = result["dtype"]?.string { facts.append(precision) }
        if let bytes = result["bytes"]?.integer { facts.append(Format.bytes(Int64(bytes))) }
        let details = facts.isEmpty ? "" : " (\(facts.joined(separator: ", ")))"
        return "\(name) is \(result["state"]?.string ?? "ready")\(details) after \(Format.duration(duration))"
    }
}
