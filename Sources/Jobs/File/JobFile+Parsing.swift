// SPDX-License-Identifier: Apache-2.0
//
// From the text of a job file to a checked job, or to all that is wrong with it.

extension JobFile {
    /// Reads a job file.
    /// - Parameters:
    ///   - text: YAML, at most 4 MiB.
    ///   - file: what messages call the file.
    /// - Throws: everything that is wrong, with its place.
    public init(parsing text: String, named file: String) throws(JobFileError) {
        var diagnostics = Diagnostics(file: file)
        let job = Self.read(text, &diagnostics)
        if let error = diagnostics.error { throw error }
        guard let job else { throw JobFileError(diagnostics: []) }
        self = job
    }

    private static func read(_ text: String, _ diagnostics: inout Diagnostics) -> JobFile? {
        guard let tree = YAMLTree(parsing: text, &diagnostics) else { return nil }
        let top = Section(tree, .job, &diagnostics)
        var steps: [PlacedStep] = []
        for item in top.list("steps") ?? [] {
            let section = Section(item, .step, &diagnostics)
            if let step = Step(section, &diagnostics) { steps.append(PlacedStep(step: step, section: section)) }
        }
        let job = JobFile(
            name: top.text("name") ?? "", description: top.text("description"),
            priority: top.integer("priority") ?? JobFile.defaultPriority, environment: top.environment("env"),
            workingDirectory: top.text("working_directory"), maximumParallel: top.integer("max_parallel"),
            key: top.text("key"), steps: steps.map(\.step))
        StepGraphCheck(steps).check(&diagnostics)
        for (name, value) in job.environment where !value.references.isEmpty {
            diagnostics.add(
                "'\(name)' in the 'env' of the job refers to a step; only the 'env' of a step can",
                at: top.location(of: "env"))
        }
        return job
    }
}

/// A step and where it stands.
struct PlacedStep {
    let step: Step
    let section: Section
}

extension Step {
    /// Reads a step; nil where it has no usable id, so that nothing else can be said about it.
    fileprivate init?(_ section: Section, _ diagnostics: inout Diagnostics) {
        guard let id = section.text("id") else {
            // Still, say what is wrong below it.
            _ = Self.action(section, &diagnostics)
            return nil
        }
        self.init(
            id: id, action: Self.action(section, &diagnostics) ?? .command([]),
            needs: section.texts("needs").map(\.text), condition: section.condition("when") ?? .success,
            timeout: section.duration("timeout"),
            retries: Self.retries(section, &diagnostics), rateLimit: section.text("rate_limit"),
            environment: section.environment("env"), workingDirectory: section.text("working_directory"),
            outputs: section.texts("outputs").map(\.text), line: section.location.line)
    }

    private static func action(_ section: Section, _ diagnostics: inout Diagnostics) -> Action? {
        if let items = section.list("run") {
            return .command(items.compactMap { $0.text.flatMap { try? Template(parsing: $0) } })
        }
        if let line = section.template("run") { return .shell(line) }
        if let embed = section.section("embed", .embed, &diagnostics) {
            guard let input = embed.template("input"), let output = embed.template("output") else { return nil }
            return .embed(
                EmbedAction(
                    input: input, output: output, format: embed.text("format").flatMap(CorpusFormat.init) ?? .npy,
                    model: embed.template("model"),
                    shardSize: embed.integer("shard_size") ?? EmbedAction.defaultShardSize))
        }
        if let sync = section.section("sync", .sync, &diagnostics) {
            return sync.template("folder").map { .sync(folder: $0) }
        }
        if let rerank = section.section("rerank", .rerank, &diagnostics) {
            guard let query = rerank.template("query"), let input = rerank.template("input"),
                let output = rerank.template("output")
            else { return nil }
            return .rerank(RerankAction(query: query, input: input, output: output, model: rerank.template("model")))
        }
        return nil
    }

    private static func retries(_ section: Section, _ diagnostics: inout Diagnostics) -> RetryPolicy {
        var policy = RetryPolicy.none
        if let maximum = section.integer("retries") {
            policy.maximum = maximum
        } else if let details = section.section("retries", .retries, &diagnostics) {
            policy.maximum = details.integer("max") ?? 0
            policy.backoff = details.duration("backoff") ?? policy.backoff
            policy.maximumDelay = details.duration("max_delay") ?? max(policy.maximumDelay, policy.backoff)
            if policy.backoff > policy.maximumDelay {
                diagnostics.add(
                    "'backoff' is longer than 'max_delay' in 'retries'", at: section.location(of: "retries"))
            }
        }
        return policy
    }

    /// All texts in which outputs of other steps may stand.
    var templates: [Template] {
        let own: [Template] =
            switch action {
            case .shell(let line): [line]
            case .command(let arguments): arguments
            case .embed(let embed): [embed.input, embed.output] + [embed.model].compactMap { $0 }
            case .sync(let folder): [folder]
            case .rerank(let rerank): [rerank.query, rerank.input, rerank.output] + [rerank.model].compactMap { $0 }
            }
        return own + environment.sorted { $0.key < $1.key }.map(\.value)
    }
}
