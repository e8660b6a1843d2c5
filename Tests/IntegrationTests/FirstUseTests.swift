// SPDX-License-Identifier: Apache-2.0
//
// What someone meets who has just installed Hearth: a daemon that starts
// itself, once, and answers rightly.

import Foundation
import JSON
import TestSupport
import Testing

@Suite(.enabled(if: TestHome.isPrepared, "run make test, which builds the executables and pulls the model"))
struct FirstUseTests {
    @Test func theFirstCommandStartsADaemonAndLaterOnesUseIt() throws {
        let home = try TestHome()
        let first = try home.run(["embed", "hello", "--json"])
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.errors == "")
        let pid = try status(home)["pid"]
        let second = try home.run(["embed", "hello", "--json"])
        #expect(try status(home)["pid"] == pid)
        #expect(try vectors(first) == vectors(second))
        #expect(try vectors(first).first?.count == 384)
    }

    @Test func twoHundredClientsAtOnceShareOneDaemon() throws {
        let home = try TestHome()
        let results = Results()
        DispatchQueue.concurrentPerform(iterations: 200) { index in
            let text = "client \(index % 10)"
            results.add(index, try? home.run(["embed", text, "--json"]))
        }
        let finished = results.all
        #expect(finished.count == 200)
        var answers: [Int: [[Float]]] = [:]
        for (index, result) in finished {
            #expect(result.status == 0 && result.errors == "", "client \(index): \(result.errors)")
            let vectors = try vectors(result)
            #expect(vectors.count == 1 && vectors[0].count == 384)
            if let known = answers[index % 10] { #expect(known == vectors) } else { answers[index % 10] = vectors }
        }
        #expect(Set(answers.values.map(\.description)).count == 10)
        #expect(try status(home)["requests"]?["total"] == 200)
    }

    @Test func directModeGivesTheSameVectorsWithoutADaemon() throws {
        let home = try TestHome()
        let direct = try home.run(["embed", "hello", "--json", "--direct"])
        #expect(direct.status == 0 && direct.errors == "", "\(direct.errors)")
        #expect(try home.run(["status"]).status == 3)
        let served = try home.run(["embed", "hello", "--json"])
        #expect(try vectors(direct) == vectors(served))
    }

    @Test func whenNoDaemonMayBeStartedTheCommandComputesAndSaysSo() throws {
        let home = try TestHome()
        let result = try home.run(["embed", "hello", "--json"], environment: ["HEARTH_NO_SPAWN": "1"])
        #expect(result.status == 0)
        #expect(result.errors.hasPrefix("hearth: ") && result.errors.split(separator: "\n").count == 1)
        #expect(try vectors(result).first?.count == 384)
    }

    @Test func aFolderIsAModelInDirectModeWithoutAnyStore() throws {
        let home = try TestHome(withModels: false)
        let folder = try #require(variable("HEARTH_TEST_MODEL"))
        let result = try home.run(["embed", "hello", "--json", "--direct", "-m", folder])
        #expect(result.status == 0, "\(result.errors)")
        #expect(try vectors(result).first?.count == 384)
    }

    @Test func aModelThatIsNotInstalledIsNamedWithWhatToDo() throws {
        let home = try TestHome(withModels: false)
        let missing = try home.run(["embed", "hello", "-m", "all-minilm-l6-v2"])
        #expect(missing.status == 1)
        #expect(missing.errors.contains("hearth models pull all-minilm-l6-v2"), "\(missing.errors)")
        let misspelt = try home.run(["embed", "hello", "-m", "all-minilm-l6-v3"])
        #expect(misspelt.status == 1)
        #expect(misspelt.errors.contains("all-minilm-l6-v2"), "\(misspelt.errors)")
    }
}

/// What concurrent runs gave.
private final class Results: @unchecked Sendable {
    // Every access holds the lock.
    private var results: [(Int, TestHome.Finished)] = []
    private let lock = NSLock()

    func add(_ index: Int, _ result: TestHome.Finished?) {
        guard let result else { return }
        lock.withLock { results.append((index, result)) }
    }

    var all: [(Int, TestHome.Finished)] { lock.withLock { results } }
}

func vectors(_ result: TestHome.Finished) throws -> [[Float]] {
    let rows = try #require(try JSONValue(parsing: result.output)["embeddings"]?.array)
    return rows.map { ($0.array ?? []).map { Float($0.double ?? .nan) } }
}

func status(_ home: TestHome) throws -> JSONValue {
    try JSONValue(parsing: try home.run(["status", "--json"]).output)
}
