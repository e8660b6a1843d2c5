// SPDX-License-Identifier: Apache-2.0
//
// From a step to the process that is started for it.

/// Where the files of a job are.
struct JobFolder {
    let path: String

    init(_ folder: String, job: String) { path = "\(folder)/jobs/\(job)" }

    // Names begin with the step's number, because not every file system tells "A" from "a".

    func log(_ index: Int, _ step: String, attempt: Int) -> String {
        "\(path)/\(index + 1).\(step).\(attempt).log"
    }

    /// Where a step writes what it hands on.
    func outputs(_ index: Int, _ step: String, attempt: Int) -> String {
        "\(path)/\(index + 1).\(step).\(attempt).outputs"
    }
}

extension ActiveJob {
    /// The order for the next attempt of a step.
    func order(_ index: Int, id: Int, _ settings: JobEngineSettings) -> ProcessOrder {
        let step = file.steps[index]
        let attempt = steps[index].attempts
        let files = JobFolder(settings.folder, job: self.id)
        var environment = self.environment
        if environment["PATH"] == nil { environment["PATH"] = "/usr/local/bin:/usr/bin:/bin" }
        for (name, value) in file.environment { environment[name] = value.filled(output) }
        for (name, value) in step.environment { environment[name] = value.filled(output) }
        if case .shell(let line) = step.action {
            for (name, reference) in line.filledForShell().variables { environment[name] = output(reference) }
        }
        environment["HEARTH_JOB"] = self.id
        environment["HEARTH_STEP"] = step.id
        environment["HEARTH_ATTEMPT"] = String(attempt)
        environment["HEARTH_OUTPUT"] = files.outputs(index, step.id, attempt: attempt)
        let jobFolder = Files.path(file.workingDirectory ?? ".", in: summary.folder)
        return ProcessOrder(
            id: id, command: command(step.action, settings.command), environment: environment,
            folder: Files.path(step.workingDirectory ?? ".", in: jobFolder),
            log: files.log(index, step.id, attempt: attempt), timeout: step.timeout ?? settings.stepTimeout,
            grace: settings.grace)
    }

    private func command(_ action: Step.Action, _ hearth: String) -> [String] {
        func model(_ template: Template?) -> [String] { template.map { ["--model", $0.filled(output)] } ?? [] }
        switch action {
        case .shell(let line): return ["/bin/sh", "-c", line.filledForShell().text]
        case .command(let arguments): return arguments.map { $0.filled(output) }
        case .embed(let embed):
            return [
                hearth, "embed-corpus", "--input", embed.input.filled(output), "--output", embed.output.filled(output),
                "--format", embed.format.rawValue, "--shard-size", String(embed.shardSize),
            ] + model(embed.model)
        case .sync(let folder): return [hearth, "sync", folder.filled(output)]
        case .rerank(let rerank):
            // The result is there as a whole or not at all.
            let script = "out=$1; shift; \"$@\" > \"$out.part\" && mv \"$out.part\" \"$out\""
            return [
                "/bin/sh", "-c", script, "rerank", rerank.output.filled(output), hearth, "rerank", "--input",
                rerank.input.filled(output), "--json",
            ] + model(rerank.model) + ["--", rerank.query.filled(output)]
        }
    }
}

/// Reads what a step hands on.
enum StepOutputs {
    static let maximumBytes = 256 << 10

    /// Values from lines `name=value`. Of names that come twice the last one counts; names that the step did not
    /// announce are left out.
    /// - Throws: where the file is larger than 256 KiB, no UTF-8, or no file.
    static func read(_ path: String, announced: [String]) throws(JobsError) -> [String: String] {
        if Files.isMissing(path) { return [:] }
        guard let bytes = Files.read(path, limit: maximumBytes + 1) else {
            throw JobsError(.invalid, "what the step left as $HEARTH_OUTPUT is no file that can be read")
        }
        guard bytes.count <= maximumBytes else {
            throw JobsError(.invalid, "the step hands on more than \(maximumBytes) bytes in $HEARTH_OUTPUT")
        }
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw JobsError(.invalid, "what the step wrote to $HEARTH_OUTPUT is no text in UTF-8")
        }
        var values: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            guard let equals = line.firstIndex(of: "=") else { continue }
            let name = String(line[..<equals])
            if announced.contains(name) { values[name] = String(line[line.index(after: equals)...]) }
        }
        return values
    }
}
