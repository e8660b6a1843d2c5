// SPDX-License-Identifier: Apache-2.0
//
// `index.find`: a question in, the places of a folder that answer it out.

public import JSON

/// How an index is searched.
public enum FindMode: String, Sendable, CaseIterable {
    /// By words and by meaning, the two rankings fused.
    case hybrid
    case semantic
    case lexical
}

/// What is searched when the folder that was named is not the indexed one but below it.
public enum FindScope: String, Sendable, CaseIterable {
    /// Only what is below it.
    case folder
    /// All that is indexed together with it.
    case index
}

public struct IndexFindParameters: Sendable {
    /// An indexed folder, or a folder or file below it: an absolute path without links.
    public var root: String
    public var scope = FindScope.folder
    public var query: String
    public var topK = 10
    public var mode = FindMode.hybrid
    /// Whether a model looks at the best results once more.
    public var rerank = false
    /// The model that does; nil for the one that the index was made with.
    public var rerankModel: String?
    public var filters = FindFilters()
    public var lane = Lane.interactive
    public var deadlineMilliseconds: Int?

    public init(root: String, query: String) {
        self.root = root
        self.query = query
    }
}

/// Which files count. An empty list stands for all.
public struct FindFilters: Sendable, Hashable {
    /// A folder or file below the indexed folder, relative to it.
    public var path: String?
    /// `*`, `?` and `[…]` as in a shell, but that `*` matches `/`, too; without a `/`, names in any folder. One must match.
    public var globs: [String] = []
    /// Names of languages in lower case: "swift", "markdown", …; one must be the file's.
    public var languages: [String] = []

    public init() {}
}

extension IndexFindParameters {
    public init(json: JSONValue) throws(WireError) {
        let names = [
            "root", "scope", "query", "top_k", "mode", "rerank", "rerank_model", "filters", "lane", "deadline_ms",
        ]
        let parameters = try Parameters(json, of: "index.find", allowed: names)
        self.init(
            root: try parameters.absolutePath("root"),
            query: try parameters.required("query", try parameters.string("query")))
        scope = try parameters.choice("scope") ?? scope
        topK = try parameters.positiveInteger("top_k") ?? topK
        guard topK <= Self.largestTopK else {
            throw parameters.error("top_k", "at most \(Self.largestTopK)", got: .integer(Int64(topK)))
        }
        mode = try parameters.choice("mode") ?? mode
        rerank = try parameters.bool("rerank") ?? rerank
        rerankModel = try parameters.string("rerank_model")
        if let json = parameters["filters"] { filters = try FindFilters(json: json) }
        lane = try parameters.choice("lane") ?? lane
        deadlineMilliseconds = try parameters.positiveInteger("deadline_ms")
    }

    public static let largestTopK = 1000

    public var json: JSONValue {
        var object: JSONObject = [
            "root": .string(root), "scope": .string(scope.rawValue), "query": .string(query),
            "top_k": .integer(Int64(topK)),
            "mode": .string(mode.rawValue), "lane": .string(lane.rawValue),
        ]
        if rerank { object["rerank"] = true }
        object["rerank_model"] = rerankModel.map(JSONValue.string)
        if filters != FindFilters() { object["filters"] = filters.json }
        object["deadline_ms"] = deadlineMilliseconds.map { .integer(Int64($0)) }
        return .object(object)
    }
}

extension FindFilters {
    init(json: JSONValue) throws(WireError) {
        let parameters = try Parameters(json, of: "filters", allowed: ["path", "glob", "language"])
        path = try parameters.string("path")
        globs = try parameters.strings("glob") ?? []
        languages = (try parameters.strings("language") ?? []).map { $0.lowercased() }
    }

    var json: JSONValue {
        var object: JSONObject = [:]
        object["path"] = path.map(JSONValue.string)
        if !globs.isEmpty { object["glob"] = .array(globs.map(JSONValue.string)) }
        if !languages.isEmpty { object["language"] = .array(languages.map(JSONValue.string)) }
        return .object(object)
    }
}

public struct IndexFindResult: Sendable {
    /// A place: some lines of a file.
    public struct Place: Sendable {
        /// Relative to the indexed folder.
        public var path: String
        /// From 1, both ends included.
        public var lines: ClosedRange<Int>
        /// Comparable within one answer only.
        public var score: Double
        public var language: String?
        /// The function, class or section that it is in: "Uploader.retry".
        public var symbol: String?
        public var snippet: Snippet

        public init(path: String, lines: ClosedRange<Int>, score: Double, snippet: Snippet) {
            self.path = path
            self.lines = lines
            self.score = score
            self.snippet = snippet
        }
    }

    /// The lines of a place that say most about the question.
    public struct Snippet: Sendable {
        public var text: String
        /// The number of its first line.
        public var firstLine: Int
        /// Where words of the question are: ranges of UTF-8 offsets in the text.
        public var matches: [Range<Int>]

        public init(text: String, firstLine: Int, matches: [Range<Int>]) {
            self.text = text
            self.firstLine = firstLine
            self.matches = matches
        }
    }

    /// The indexed folder.
    public var root: String
    /// Best first.
    public var results: [Place]
    /// How it was searched; not always as was asked: see `notice`.
    public var mode: FindMode
    /// The model and the vector space that meaning was compared in.
    public var model: String?
    public var spaceID: String?
    /// The model that ordered the results anew; nil where none did.
    public var reranker: String?
    /// Parts of the folder that are known by their words only so far.
    public var withoutVectors: Int
    /// When the folder was last looked at as a whole, in seconds since 1970; nil while that goes on for the first time.
    public var syncedAt: Double?
    /// What is different from what was asked, in words.
    public var notice: String?
    public var milliseconds: Double

    public init(root: String, mode: FindMode, withoutVectors: Int, milliseconds: Double) {
        self.root = root
        results = []
        self.mode = mode
        self.withoutVectors = withoutVectors
        self.milliseconds = milliseconds
    }
}

extension IndexFindResult {
    public var json: JSONValue {
        var object: JSONObject = [
            "root": .string(root), "results": .array(results.map(\.json)), "mode": .string(mode.rawValue),
        ]
        object["model"] = model.map(JSONValue.string)
        object["space_id"] = spaceID.map(JSONValue.string)
        object["reranker"] = reranker.map(JSONValue.string)
        object["stale"] = .bool(withoutVectors > 0 || syncedAt == nil)
        object["without_vectors"] = .integer(Int64(withoutVectors))
        object["synced_at"] = syncedAt.map(JSONValue.number)
        object["notice"] = notice.map(JSONValue.string)
        object["elapsed_ms"] = .number((milliseconds * 1000).rounded() / 1000)
        return .object(object)
    }
}

extension IndexFindResult.Place {
    var json: JSONValue {
        var object: JSONObject = [
            "path": .string(path), "start_line": .integer(Int64(lines.lowerBound)),
            "end_line": .integer(Int64(lines.upperBound)), "score": .number(score),
        ]
        object["language"] = language.map(JSONValue.string)
        object["symbol"] = symbol.map(JSONValue.string)
        object["snippet"] = [
            "text": .string(snippet.text), "start_line": .integer(Int64(snippet.firstLine)),
            "matches": .array(
                snippet.matches.map { [.integer(Int64($0.lowerBound)), .integer(Int64($0.upperBound))] }),
        ]
        return .object(object)
    }
}
