// SPDX-License-Identifier: Apache-2.0
//
// The keys of a job file: the one table by which files are checked and from
// which the JSON Schema is made.

/// A mapping of a job file: its keys, and what they hold.
struct KeyTable: Sendable {
    /// "a job", "a step": for messages.
    let name: String
    let keys: [Key]
    /// Of these keys, exactly one must be there.
    var exactlyOne: [String] = []

    struct Key: Sendable {
        let name: String
        let kind: Kind
        let isRequired: Bool
        let text: String

        init(_ name: String, _ kind: Kind, required: Bool = false, _ text: String) {
            self.name = name
            self.kind = kind
            isRequired = required
            self.text = text
        }
    }

    indirect enum Kind: Sendable {
        case text
        /// A text in which outputs of other steps may stand.
        case template
        /// A name as steps have it.
        case identifier
        case identifiers
        case integer(ClosedRange<Int>)
        case duration
        case choice([String])
        case condition
        /// A line for a shell, or a program and its arguments.
        case command
        /// Variables and their values.
        case environment
        case mapping(KeyTable)
        /// A list of mappings, at least one.
        case mappings(KeyTable)
        /// A number, or a mapping that says more.
        case integerOrMapping(ClosedRange<Int>, KeyTable)
    }
}

extension KeyTable {
    static let job = KeyTable(
        name: "a job",
        keys: [
            Key("name", .text, required: true, "What people call the job."),
            Key("description", .text, "What the job is for."),
            Key("priority", .integer(JobFile.priorities), "From 1, the most urgent, to 10; 5 where it is not said."),
            Key("env", .environment, "Variables for all steps."),
            Key("working_directory", .text, "Where steps run; by default, and relative to, the folder of the file."),
            Key("max_parallel", .integer(1...1000), "How many steps of this job run at once."),
            Key("key", .text, "Two submissions with the same key are the same job while it is not finished."),
            Key("steps", .mappings(step), required: true, "What is to be done."),
        ])

    static let step = KeyTable(
        name: "a step",
        keys: [
            Key("id", .identifier, required: true, "How other steps and people call the step."),
            Key("run", .command, "A line for /bin/sh, or a list: a program and its arguments."),
            Key("embed", .mapping(embed), "Turns a file of texts into vectors."),
            Key("sync", .mapping(sync), "Brings the index of a folder up to date."),
            Key("rerank", .mapping(rerank), "Sorts a file of texts by what they have to do with a query."),
            Key("needs", .identifiers, "Steps that have to end before this one starts."),
            Key(
                "when", .condition,
                "success (the default), failure, always (also when the job is cancelled), or an expression such as "
                    + "steps.build.outputs.changed == \"yes\"."),
            Key("timeout", .duration, "How long one attempt may take: 30s, 1h30m, or a number of seconds."),
            Key(
                "retries", .integerOrMapping(RetryPolicy.maxima, retries),
                "How often a failed attempt is repeated."),
            Key("rate_limit", .identifier, "The backend whose limits the step shares with the steps of all jobs."),
            Key("env", .environment, "Variables for this step; they go before those of the job."),
            Key("working_directory", .text, "Where the step runs; relative to that of the job."),
            Key(
                "outputs", .identifiers,
                "Names of values that the step hands on by writing name=value lines to the file $HEARTH_OUTPUT."),
        ],
        exactlyOne: ["run", "embed", "sync", "rerank"])

    static let embed = KeyTable(
        name: "'embed'",
        keys: [
            Key("input", .template, required: true, "A file with a text per line, or JSON lines with a \"text\" each."),
            Key("output", .template, required: true, "The folder for the vectors and their manifest."),
            Key("format", .choice(CorpusFormat.allCases.map(\.rawValue)), "npy where it is not said."),
            Key("model", .template, "The model; the default one where it is not said."),
            Key("shard_size", .integer(EmbedAction.shardSizes), "Texts per file of vectors; 10000 by default."),
        ])

    static let sync = KeyTable(
        name: "'sync'",
        keys: [Key("folder", .template, required: true, "The folder whose index is brought up to date.")])

    static let rerank = KeyTable(
        name: "'rerank'",
        keys: [
            Key("query", .template, required: true, "What is looked for."),
            Key("input", .template, required: true, "A file with a text per line."),
            Key("output", .template, required: true, "The file for the result."),
            Key("model", .template, "The model; the default one where it is not said."),
        ])

    static let retries = KeyTable(
        name: "'retries'",
        keys: [
            Key("max", .integer(RetryPolicy.maxima), required: true, "Attempts after the first one."),
            Key("backoff", .duration, "Delay before the first of them, doubled for each later one; 1s by default."),
            Key("max_delay", .duration, "The longest delay; 5m where it is not said."),
        ])
}
