// SPDX-License-Identifier: Apache-2.0
//
// Disks without room: whoever asks for something hears why it cannot be, nothing that is durable is lost, and all goes
// on when there is room again.

#if os(Linux)
    import Glibc
    import Jobs
    import TestSupport
    import Testing

    @Suite(.serialized, .timeLimit(.minutes(5))) struct FullDiskTests {
        private let folder = TemporaryFolder()

        /// A step that waits until a file is there.
        private func gate(_ name: String) -> String { "while [ ! -e \(name) ]; do sleep 0.01; done" }

        @Test func aFullRegistryRefusesWhatComesAndWritesTheRestLater() async throws {
            guard let disk = SmallDisk(at: "\(folder.path)/state", megabytes: 8) else { return }
            defer { disk.unmount() }
            let test = try TestEngine(in: folder)
            let done = try await test.run("name: a\nsteps: [{id: x, run: \"true\"}]", file: "done.yaml")
            let steps = (0..<50).map { "  - {id: s\($0), run: echo s\($0) >> ran, needs: x}\n" }.joined()
            let events = test.engine.events()
            let busy = try await test.submit(
                "name: a\nsteps:\n  - {id: x, run: \"\(gate("go"))\"}\n" + steps, file: "busy.yaml")
            let idle = try await test.submit(
                "name: a\nsteps: [{id: x, run: \"echo $$ > pid; exec sleep 1000\"}]", file: "idle.yaml")
            while (folder.text(of: "pid") ?? "").isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            disk.fill()
            // Too long for what is left in files that have room of their own.
            let long =
                "name: a\ndescription: \(String(repeating: "x", count: 300_000))\n"
                + "steps: [{id: x, run: echo long >> refused}]"
            for _ in 0..<2 {
                let error = await #expect(throws: JobsError.self) { try await test.submit(long, file: "long.yaml") }
                #expect(error?.message.lowercased().contains("no space") == true, "\(error?.message ?? "")")
            }
            #expect(try await test.engine.list().map(\.id).contains("long") == false)
            // Steps end, and that cannot be written, unless there is room within the files; still the engine answers, and
            // ends what it is asked to end.
            folder.write("", to: "go")
            var problem: String?
            while problem == nil, try await !test.engine.status(busy).job.state.isFinished {
                try await Task.sleep(for: .milliseconds(5))
                problem = try await test.engine.statistics().registryProblem
            }
            #expect(problem?.contains("no space is left") != false, "\(problem ?? "")")
            let process = pid_t(folder.text(of: "pid")?.split(separator: "\n").first ?? "") ?? 0
            let cancelling = Task { try? await test.engine.cancel(idle) }
            while kill(process, 0) == 0 { try await Task.sleep(for: .milliseconds(5)) }
            _ = await cancelling.value
            #expect(try await test.engine.status(done.job.id).job.state == .completed)
            disk.empty()
            #expect(try await test.engine.wait(busy).state == .completed)
            #expect(try await test.engine.wait(idle).state == .cancelled)
            #expect(try await test.run(long, file: "long.yaml").job.state == .completed)
            // Nothing of a job runs that was refused.
            #expect(folder.text(of: "refused") == "long\n")
            let ran = (folder.text(of: "ran") ?? "").split(separator: "\n").map(String.init)
            #expect(ran.count == 50 && Set(ran).count == 50, "\(ran)")
            await test.engine.shutdown(within: .seconds(5))
            var completed = 0
            for await event in events where event.job == busy {
                if case .step(_, _, .completed, _, _) = event.change { completed += 1 }
            }
            #expect(completed == 51)
            let next = try TestEngine(in: folder)
            #expect(next.engine.orphans == 0)
            #expect(Set(try await next.engine.history().map(\.id)) == ["done", "busy", "idle", "long"])
            await next.engine.shutdown(within: .zero)
        }

        /// What is to be done with steps whose start could not be recorded.
        enum End: CaseIterable { case cancel, shutdown }

        @Test(arguments: End.allCases) func whatIsNotRecordedYetIsEndedToo(by end: End) async throws {
            guard let disk = SmallDisk(at: "\(folder.path)/state", megabytes: 8) else { return }
            defer { disk.unmount() }
            guard let files = SmallDisk(at: "\(folder.path)/state/jobs", megabytes: 4) else { return }
            defer { files.unmount() }
            let test = try TestEngine(in: folder)
            let id = try await test.submit(
                """
                name: a
                steps:
                  - id: large
                    run: "\(gate("go")); echo value=$(head -c 180000 /dev/zero | base64 -w 0) > $HEARTH_OUTPUT"
                    outputs: [value]
                  - {id: next, run: echo next >> ran, needs: large}
                """)
            disk.fill()
            folder.write("", to: "go")
            while try await test.engine.statistics().registryProblem == nil {
                try await Task.sleep(for: .milliseconds(5))
            }
            switch end {
            case .cancel:
                let error = await #expect(throws: JobsError.self) { try await test.engine.cancel(id) }
                #expect(error?.message.contains("no space is left") == true, "\(error?.message ?? "")")
                disk.empty()
                #expect(try await test.engine.wait(id).state == .cancelled)
                #expect(try await test.engine.status(id).states == [.completed, .cancelled])
                await test.engine.shutdown(within: .zero)
            case .shutdown:
                await test.engine.shutdown(within: .zero)
                disk.empty()
            }
            #expect(folder.text(of: "ran") == nil)
        }

        @Test func anEngineWithoutRoomForItsRegistryOpensWhenThereIs() async throws {
            guard let disk = SmallDisk(at: "\(folder.path)/state", megabytes: 4) else { return }
            defer { disk.unmount() }
            disk.fill()
            let error = #expect(throws: JobsError.self) { _ = try TestEngine(in: folder) }
            #expect(error?.message.lowercased().contains("no space") == true, "\(error?.message ?? "")")
            disk.empty()
            let test = try TestEngine(in: folder)
            #expect(try await test.run("name: a\nsteps: [{id: x, run: \"true\"}]").job.state == .completed)
            await test.engine.shutdown(within: .zero)
        }

        @Test func aLogWithoutRoomSaysWhatItLacks() async throws {
            mkdir("\(folder.path)/state", 0o700)
            guard let disk = SmallDisk(at: "\(folder.path)/state/jobs", megabytes: 4) else { return }
            defer { disk.unmount() }
            let test = try TestEngine(in: folder)
            let text =
                "name: a\nsteps: [{id: x, run: \"echo first; head -c 600000 /dev/zero | tr '\\\\0' x; touch half; "
                + "\(gate("go")); echo; echo last\"}]"
            // Room for a part of it.
            disk.fill(leaving: 200_000)
            let id = try await test.submit(text)
            while !exists("\(folder.path)/half") { try await Task.sleep(for: .milliseconds(5)) }
            // Whatever the step printed is read within its pipe; then there is room again.
            disk.empty()
            folder.write("", to: "go")
            #expect(try await test.engine.wait(id).state == .completed)
            let step = try await test.engine.status(id)["x"]
            let dropped = try #require(step.exit?.droppedOutput)
            #expect(dropped > 300_000)
            #expect(step.reason == "its log lacks \(dropped) bytes: No space left on device")
            let log = try await test.log(id, "x")
            #expect(log.hasPrefix("first\nxxx") && log.hasSuffix("last\n"))
            #expect(log.contains(" bytes dropped …]") && log.utf8.count < 400_000)
            let next = try await test.run("name: b\nsteps: [{id: x, run: echo fine; exit 3}]")
            #expect(next["x"].reason == "exit status 3: fine" && next["x"].exit?.droppedOutput == 0)
            #expect(try await test.log(next.job.id, "x") == "fine\n")
            await test.engine.shutdown(within: .zero)
        }

        @Test func aFullDiskBelowShardsIsSaidAndTheWorkGoesOn() async throws {
            guard let disk = SmallDisk(at: "\(folder.path)/disk", megabytes: 4) else { return }
            defer { disk.unmount() }
            folder.write((0..<3000).map { "text \($0)\n" }.joined(), to: "texts.txt")
            func embed(_ output: String, _ notify: (Notice) -> Void = { _ in }) async throws -> CorpusEmbedding.Report {
                try await CorpusEmbedding(
                    input: "\(folder.path)/texts.txt", output: output, shardSize: 500, batchSize: 100
                )
                .run(
                    embed: { texts in
                        CorpusEmbedding.Vectors(
                            values: texts.flatMap { text in (0..<100).map { Float(text.utf8.count + $0) } },
                            dimensions: 100, spaceID: "s")
                    }, notify: notify)
            }
            // Room for two of six.
            disk.fill(leaving: 550_000)
            let error = await #expect(throws: JobsError.self) { try await embed("\(folder.path)/disk/out") }
            #expect(error?.message.hasSuffix("No space left on device") == true, "\(error?.message ?? "")")
            #expect(names(in: "\(folder.path)/disk/out") == ["00000.npy", "00001.npy", "progress.json"])
            disk.empty()
            let report = try await embed("\(folder.path)/disk/out")
            #expect(report.shards == 6 && report.resumedShards == 2)
            _ = try await embed("\(folder.path)/whole")
            #expect(names(in: "\(folder.path)/whole") == names(in: "\(folder.path)/disk/out"))
            for name in names(in: "\(folder.path)/whole") {
                #expect(folder.bytes(of: "whole/\(name)") == folder.bytes(of: "disk/out/\(name)"), "\(name)")
            }
        }
    }
#endif
