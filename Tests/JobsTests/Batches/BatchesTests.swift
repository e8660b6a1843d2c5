// SPDX-License-Identifier: Apache-2.0
//
// Batches from their file to their results, by a worker that may die.

import JSON
import Jobs
import Synchronization
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite(.timeLimit(.minutes(5))) struct BatchesTests {
    private func request(_ id: String, _ more: JSONObject = [:]) -> String {
        var body: JSONObject = ["input": .string(id)]
        body.members += more.members
        return JSONValue.object([
            "custom_id": .string(id), "method": "POST", "url": "/v1/embeddings", "body": .object(body),
        ]).description
    }

    private func requests(_ count: Int) -> String { (0..<count).map { request("r\($0)") + "\n" }.joined() }

    /// An engine whose worker is `JobsHost`, or another command.
    private func withEngine(
        worker: [String] = [hostProgram, "answer-batch"], environment: [String: String] = [:],
        _ body: (JobEngine) async throws -> Void
    ) async throws {
        let folder = TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let engine = try JobEngine(settings(folder.path, worker, environment))
        let running = Task { await engine.batches.run() }
        do {
            try await body(engine)
        } catch {
            await engine.shutdown(within: .zero)
            throw error
        }
        await engine.shutdown(within: .zero)
        await running.value
    }

    private func settings(
        _ folder: String, _ worker: [String], _ environment: [String: String]
    ) -> JobEngineSettings {
        JobEngineSettings(
            folder: folder, supervisor: [hostProgram, StepSupervisor.verb], command: hostProgram, batchWorker: worker,
            workerEnvironment: environment, grace: .milliseconds(300))
    }

    private func create(_ text: String, _ engine: JobEngine) async throws -> Batch {
        let file = try engine.files.add(Array(text.utf8)[...], name: "in.jsonl", purpose: .batch)
        return try await engine.batches.create(
            BatchRequest(inputFile: file.id, endpoint: "/v1/embeddings", window: "24h", metadata: ["a": "b"]))
    }

    /// Asks until it has ended.
    private func end(_ id: String, _ engine: JobEngine) async throws -> Batch {
        while true {
            let batch = try await engine.batches.batch(id)
            if batch.status.isFinal { return batch }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private func lines(_ file: String?, _ engine: JobEngine) throws -> [JSONValue] {
        guard let file else { return [] }
        let content = try engine.files.open(file)
        let bytes = try content.read(from: 0, limit: content.bytes)
        return try bytes.split(separator: UInt8(ascii: "\n")).map { try JSONValue(parsing: Array($0)) }
    }

    private func ids(_ lines: [JSONValue]) -> [String] { lines.compactMap { $0["custom_id"]?.string } }

    @Test func answersAndRefusals() async throws {
        try await withEngine { engine in
            let text = request("a") + "\r\n\n" + request("b", ["refuse": true]) + "\n" + request("c")
            let created = try await create(text, engine)
            #expect(created.order.expiresAt == created.order.createdAt + 86_400)
            let batch = try await end(created.order.id, engine)
            #expect(batch.status == .completed && batch.order == created.order)
            let progress = batch.progress
            #expect(progress.total == 3 && progress.completed == 2 && progress.failed == 1)
            #expect(progress.inProgressAt != nil && progress.finalizingAt != nil && progress.endedAt != nil)
            let output = try lines(progress.outputFile, engine)
            #expect(ids(output) == ["a", "c"])
            #expect(output[0]["response"]?["status_code"] == 200 && output[0]["error"] == .null)
            #expect(output[0]["response"]?["body"] == ["input": "a"])
            let errors = try lines(progress.errorFile, engine)
            #expect(ids(errors) == ["b"] && errors[0]["response"]?["status_code"] == 400)
            let all = output + errors
            #expect(Set(all.compactMap { $0["id"]?.string }).count == 3)
            let file = try engine.files.file(try #require(progress.outputFile))
            #expect(file.purpose == .batchOutput && file.name == "\(created.order.id)_output.jsonl")
            #expect(try await engine.batches.list() == [batch])
            let job = try await engine.wait(created.order.id)
            #expect(job.state == .completed)
        }
    }

    @Test(
        arguments: [
            ("", ["empty_file"], [nil]), ("\n \n", ["empty_file"], [nil]),
            ("{", ["invalid_json_line"], [1]), ("\n[]", ["invalid_json_line"], [2]),
            (
                #"{"custom_id":"a","method":"POST","url":"/v1/embeddings","body":{}}"# + "\n"
                    + #"{"custom_id":"a","method":"POST","url":"/v1/embeddings","body":{}}"#,
                ["duplicate_custom_id"], [2]
            ),
            (
                #"{"custom_id":"a","method":"GET","url":"/v1/embeddings","body":{}}"# + "\n"
                    + #"{"custom_id":"b","method":"POST","url":"/v1/chat/completions","body":{}}"# + "\n"
                    + #"{"custom_id":5,"method":"POST","url":"/v1/embeddings","body":{}}"# + "\n"
                    + #"{"custom_id":"d","method":"POST","url":"/v1/embeddings"}"#,
                ["invalid_method", "invalid_url", "invalid_type", "missing_required_parameter"], [1, 2, 3, 4]
            ),
        ] as [(String, [String], [Int?])])
    func aWrongFileIsSaidWhereItIsWrong(text: String, codes: [String], lines: [Int?]) async throws {
        try await withEngine { engine in
            let batch = try await end(try await create(text, engine).order.id, engine)
            #expect(batch.status == .failed && batch.progress.outputFile == nil && batch.progress.errorFile == nil)
            #expect(batch.progress.problems.map(\.code) == codes && batch.progress.problems.map(\.line) == lines)
        }
    }

    @Test func aWorkerThatDiesIsFollowedByAnother() async throws {
        try await withEngine(environment: ["HEARTH_DEADLY": "70"]) { engine in
            let batch = try await end(try await create(requests(200), engine).order.id, engine)
            #expect(batch.status == .completed)
            let output = ids(try lines(batch.progress.outputFile, engine))
            #expect(output.count == 200 && Set(output).count == 200)
            let attempts = try await engine.status(batch.order.id).steps[0].attempts
            #expect(attempts == 2)
        }
    }

    @Test func aWorkerThatCannotEndsTheBatch() async throws {
        let worker = ["/bin/sh", "-c", "echo 'hearth: it is too dark' >&2; exit 1"]
        try await withEngine(worker: worker) { engine in
            let batch = try await end(try await create(requests(2), engine).order.id, engine)
            let problem = try #require(batch.progress.problems.first)
            #expect(batch.status == .failed && problem.code == "server_error" && problem.line == nil)
            #expect(problem.message.contains("it is too dark"))
        }
    }

    @Test func cancellingKeepsWhatIsReady() async throws {
        try await withEngine(environment: ["HEARTH_SLOW": "1"]) { engine in
            let id = try await create(requests(3), engine).order.id
            while try await engine.batches.batch(id).status != .inProgress {
                try await Task.sleep(for: .milliseconds(5))
            }
            // As if one had been answered, and the next half.
            let path = engine.files.root + "/\(id)/output.part"
            writeFile(#"{"id":"x","custom_id":"r0","response":{}}"# + "\n" + #"{"id":"y","custom_"#, to: path)
            let cancelling = try await engine.batches.cancel(id)
            #expect(cancelling.order.cancellingAt != nil)
            let batch = try await end(id, engine)
            #expect(batch.status == .cancelled && batch.progress.completed == 1 && batch.progress.total == 3)
            #expect(ids(try lines(batch.progress.outputFile, engine)) == ["r0"])
            let again = try await engine.batches.cancel(id)
            #expect(again == batch)
        }
    }

    @Test func whatHasEndedCannotBeCancelled() async throws {
        try await withEngine { engine in
            let id = try await end(try await create(requests(1), engine).order.id, engine).order.id
            let error = await #expect(throws: JobsError.self) { try await engine.batches.cancel(id) }
            #expect(error?.code == .notResumable)
        }
    }

    @Test func thereMustBeTheFile() async throws {
        try await withEngine { engine in
            let request = BatchRequest(inputFile: "file-x", endpoint: "/v1/embeddings", window: "24h")
            let error = await #expect(throws: JobsError.self) { try await engine.batches.create(request) }
            #expect(error?.code == .notFound)
            let none = await #expect(throws: JobsError.self) { try await engine.batches.batch("batch_../x") }
            #expect(none?.code == .notFound)
        }
    }

    /// The file may go as soon as the batch is there.
    @Test func theFileIsTheBatchs() async throws {
        try await withEngine { engine in
            let created = try await create(requests(5), engine)
            try engine.files.remove(created.order.request.inputFile)
            #expect(try await end(created.order.id, engine).progress.completed == 5)
        }
    }

    /// Whoever looks at batches while others are refused does not take those up.
    @Test func whatIsRefusedIsNotTakenUpByOthers() async throws {
        let folder = TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        // Takes every other job.
        let asked = Mutex(0)
        var settings = settings(folder.path, ["/bin/sh", "-c", "exec sleep 1000"], [:])
        settings.pressure = {
            asked.withLock { asked in
                asked += 1
                return asked.isMultiple(of: 2) ? .high : .none
            }
        }
        let engine = try JobEngine(settings)
        let looking = Task {
            while !Task.isCancelled {
                for name in names(in: engine.files.root) where name.hasPrefix("batch_") {
                    _ = try? await engine.batches.batch(name)
                }
            }
        }
        var taken: Set<String> = []
        while taken.count < 20 {
            if let batch = try? await create(requests(1), engine) { taken.insert(batch.order.id) }
        }
        looking.cancel()
        await looking.value
        #expect(Set(try await engine.list(limit: 1000).map(\.id)) == taken)
        #expect(Set(try await engine.batches.list().map(\.order.id)) == taken)
        await engine.shutdown(within: .zero)
    }

    // MARK: An engine after another

    /// Leaves a batch on which nobody works, and what a test puts beside it, and starts an engine there.
    private func withFollowingEngine(
        leaving: (_ batches: String, _ id: String) -> Void, _ body: (JobEngine, String) async throws -> Void
    ) async throws {
        let folder = TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let sleeping = try JobEngine(settings(folder.path, ["/bin/sh", "-c", "exec sleep 1000"], [:]))
        let id = try await create(requests(5), sleeping).order.id
        await sleeping.shutdown(within: .zero)
        leaving(sleeping.files.root, id)
        let engine = try JobEngine(settings(folder.path, [hostProgram, "answer-batch"], [:]))
        let running = Task { await engine.batches.run() }
        do {
            try await body(engine, id)
        } catch {
            await engine.shutdown(within: .zero)
            throw error
        }
        await engine.shutdown(within: .zero)
        await running.value
    }

    @Test func onlyWhatNeverBecameABatchIsRemoved() async throws {
        let zeros = String(repeating: "0", count: 32)
        let result = "file-\(zeros)"
        try await withFollowingEngine { batches, id in
            writeFile("{", to: "\(batches)/\(id)/order.json")
            writeFile("{", to: "\(batches)/\(id)/progress.json")
            // Perhaps its results.
            writeFile("", to: "\(batches)/files/\(result)")
            mkdir("\(batches)/batch_\(zeros)", 0o700)
        } _: { engine, id in
            let left = names(in: engine.files.root)
            #expect(left == [id, "files"])
            #expect(names(in: "\(engine.files.root)/\(id)").contains("input.jsonl"))
            #expect(names(in: "\(engine.files.root)/files").contains(result))
        }
    }

    @Test func thoseThatAreRememberedGoOnHoweverManyThereAre() async throws {
        try await withFollowingEngine { batches, _ in
            mkdir("\(batches)/old", 0o700)
            writeFile("{}", to: "\(batches)/old/order.json")
            for number in 1..<Batches.maximumBatches {
                let zeros = String(repeating: "0", count: 32 - String(number).utf8.count)
                symlink("old", "\(batches)/batch_\(zeros)\(number)")
            }
            // As if it had been killed before it was submitted.
            for name in names(in: "\(batches)/..") where name.hasPrefix("registry") { unlink("\(batches)/../\(name)") }
        } _: { engine, id in
            while try await engine.list().isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try await engine.wait(id).state == .completed)
            let error = await #expect(throws: JobsError.self) { try await create(requests(1), engine) }
            #expect(error?.code == .noSpace && error?.message.contains("10000 batches") == true)
        }
    }

    // MARK: The work alone

    private struct Endpoint: BatchEndpoint {
        struct Gone: Error {}
        var answersBeforeEnd = Int.max
        var waiting: [JSONValue] = []
        var largest = 0
        mutating func send(_ body: JSONValue) {
            waiting.append(body)
            largest = max(largest, waiting.count)
        }
        mutating func receive() throws -> BatchAnswer {
            if answersBeforeEnd == 0 { throw Gone() }
            answersBeforeEnd -= 1
            return BatchAnswer(status: 200, body: waiting.removeFirst().encoded())
        }
    }

    /// A batch whose job waits for ever; the test does its work.
    private func withFolder(_ text: String, _ body: (String, JobEngine) throws -> Void) async throws {
        try await withEngine(worker: ["/bin/sh", "-c", "exec sleep 1000"]) { engine in
            let id = try await create(text, engine).order.id
            try body(engine.files.root + "/" + id, engine)
        }
    }

    @Test func nothingIsAnsweredTwiceHoweverOftenItEnds() async throws {
        try await withFolder(requests(300)) { folder, engine in
            var random = SeededGenerator.anywhere()
            var answered = 0
            while true {
                var endpoint = Endpoint()
                endpoint.answersBeforeEnd = Int.random(in: 0...40, using: &random)
                let before = endpoint.answersBeforeEnd
                do {
                    let batch = try BatchWork(folder).run(&endpoint)
                    answered += before - endpoint.answersBeforeEnd
                    #expect(batch.status == .completed && answered == 300)
                    let output = ids(try lines(batch.progress.outputFile, engine))
                    #expect(output == (0..<300).map { "r\($0)" })
                    #expect(names(in: folder) == ["order.json", "progress.json"])
                    // Once more, there is nothing to do.
                    var none = Endpoint(answersBeforeEnd: 0)
                    #expect(try BatchWork(folder).run(&none) == batch)
                    return
                } catch is Endpoint.Gone {
                    answered += before
                    #expect(endpoint.largest <= 64)
                }
                // Half a line, as a crash leaves it.
                if Bool.random(using: &random), let file = fopen("\(folder)/output.part", "a") {
                    fputs(#"{"id":"batch_req_1","custom_id":"r29"#, file)
                    fclose(file)
                }
            }
        }
    }

    @Test func afterItsWindowWhatIsReadyCounts() async throws {
        try await withFolder(requests(100)) { folder, engine in
            var endpoint = Endpoint(answersBeforeEnd: 10)
            #expect(throws: Endpoint.Gone.self) { try BatchWork(folder).run(&endpoint) }
            var late = Endpoint()
            let batch = try BatchWork(folder, now: { .max }).run(&late)
            #expect(batch.status == .expired && batch.progress.completed == 10 && batch.progress.failed == 90)
            #expect(late.largest == 0)
            let errors = try lines(batch.progress.errorFile, engine)
            #expect(errors[0]["error"]?["code"] == "batch_expired" && errors[0]["response"] == .null)
        }
    }

    @Test func oneAtATime() async throws {
        try await withFolder(requests(1)) { folder, _ in
            let lock = open(folder, O_RDONLY)
            defer { close(lock) }
            #expect(flock(lock, LOCK_EX) == 0)
            var endpoint = Endpoint()
            let error = #expect(throws: JobsError.self) { try BatchWork(folder).run(&endpoint) }
            #expect(error?.code == .alreadyRunning)
        }
    }

    @Test func thereIsALimit() async throws {
        let line = #"{"custom_id":"#
        let rest = #","method":"POST","url":"/v1/embeddings","body":{}}"# + "\n"
        let text = (0...50_000).map { "\(line)\"\($0)\"\(rest)" }.joined()
        try await withFolder(text) { folder, _ in
            var endpoint = Endpoint()
            let batch = try BatchWork(folder).run(&endpoint)
            #expect(batch.status == .failed && batch.progress.problems.map(\.code) == ["too_many_requests"])
        }
    }
}
