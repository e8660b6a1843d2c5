// SPDX-License-Identifier: Apache-2.0
//
// Processes that other tools start as their daemons. Each has the Hearth daemon
// do the work for as long as it lives itself.

import ArgumentParser
import Configuration
import Daemon
import HearthClient
import JSON
import Terminal
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `hearthd daemon --socket PATH`, which cass runs where CASS_DAEMON_BINARY names `hearthd`.
struct CassDaemon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daemon", abstract: "Stand in for cass's daemon on a socket.",
        discussion: "For cass itself: CASS_DAEMON_BINARY=/path/to/hearthd.", shouldDisplay: false)

    @Option(help: ArgumentHelp("The socket's path.", valueName: "path"))
    var socket: String?

    @Option(help: ArgumentHelp("End after so many seconds without a client; 0 for never.", valueName: "seconds"))
    var idleTimeout = 3600

    @Option(help: ArgumentHelp("Taken from cass; socket.max_connections counts.", visibility: .hidden))
    var maxConnections: Int?

    @Option(help: ArgumentHelp("Taken from cass; nothing is kept there.", visibility: .hidden))
    var dataDir: String?

    func run() async throws {
        var parameters: JSONObject = ["tool": "cass"]
        parameters["socket"] = socket.map { .string(absolutePath($0)) }
        if idleTimeout > 0 { parameters["idle_timeout_s"] = .integer(Int64(idleTimeout)) }
        do throws(ClientError) {
            try standIn(parameters)
        } catch {
            Console.writeToStandardError("hearthd: \(error)\n")
            // What cass knows as "another daemon is running".
            throw ExitCode(error.description.contains("already") ? 9 : 1)
        }
    }
}

/// `hearthd _daemon -m MODEL`, as `embed_server.py start` runs its daemon.
struct TwilogDaemon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "_daemon", abstract: "Stand in for the embed_server of twilog-search.", shouldDisplay: false)

    @Option(name: .shortAndLong, help: "The model's name.")
    var model: String

    func run() async throws {
        let port = try Settings(environment: processEnvironment()).configuration.compat.twilogPort
        let start = TwilogStart(port: port)
        let begin = ContinuousClock.now
        // "Kind of server", "model … is being initialised", "… is initialised", "all is initialised (total)", as
        // upstream says it.
        await start.progress("サーバー種類: EmbedServer")
        await start.progress("\(model)モデル初期化開始...")
        do throws(ClientError) {
            for await stage in load() { await start.progress(try stage.get()) }
        } catch {
            await start.progress("初期化エラー: \(error)")
            await start.fail(error.description)
            Console.writeToStandardError("hearthd: \(error)\n")
            throw ExitCode(1)
        }
        let seconds = Format.seconds(since: begin)
        await start.progress("\(model)モデル初期化完了 (\(seconds)秒)")
        await start.progress("全初期化完了 (合計: \(seconds)秒)")
        await start.complete()
        try standIn(["tool": "twilog", "model": .string(model)])
    }

    /// Has the daemon load the model, and tells its stages.
    private func load() -> AsyncStream<Result<String, ClientError>> {
        let (stages, continuation) = AsyncStream.makeStream(of: Result<String, ClientError>.self)
        // This process does nothing else that would need the thread.
        Task.detached { [model] in
            do throws(ClientError) {
                var last = ""
                _ = try connect().call("models.load", ["model": .string(model)], isRepeatable: true) { progress in
                    guard progress.message != last else { return }
                    last = progress.message
                    continuation.yield(.success("\(model): \(progress.message)"))
                }
            } catch {
                continuation.yield(.failure(error))
            }
            continuation.finish()
        }
        return stages
    }
}

extension Format {
    fileprivate static func seconds(since start: ContinuousClock.Instant) -> String {
        let hundredths = Int(((ContinuousClock.now - start) / .milliseconds(10)).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}

private func connect() throws(ClientError) -> HearthClient {
    var options = ClientOptions()
    options.policy = .sharedDaemon
    return try HearthClient(options: options)
}

/// Returns when the front-end has ended.
private func standIn(_ parameters: JSONObject) throws(ClientError) {
    _ = try connect().call("compat.serve", parameters)
}

private func absolutePath(_ path: String) -> String {
    guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
    defer { free(folder) }
    return "\(String(cString: folder))/\(path)"
}
