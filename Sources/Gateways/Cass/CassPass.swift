// SPDX-License-Identifier: Apache-2.0
//
// One index that cass wants: a database's, by one model. Source: build_passes
// of src/daemon/worker.rs of coding_agent_session_search.

import JSON

struct CassPass: Sendable, Hashable {
    /// The model of a pass whose client names none.
    private static let (fastModel, qualityModel) = ("hash", "minilm")
    private static let mark = "cass"

    var database: String
    var index: String
    /// As the client calls it.
    var model: String
    /// False for the quick pass, which hashes words whatever its model is called.
    var isSemantic: Bool
}

extension CassPass {
    /// The quick one first, where two are wanted.
    static func passes(of request: CassJobRequest) -> [CassPass] {
        func pass(_ model: String, isSemantic: Bool) -> CassPass {
            CassPass(database: request.database, index: request.index, model: model, isSemantic: isSemantic)
        }
        if request.isTwoTier {
            return [
                pass(request.fastModel ?? fastModel, isSemantic: false),
                pass(request.qualityModel ?? qualityModel, isSemantic: true),
            ]
        }
        return [pass(request.qualityModel ?? request.fastModel ?? fastModel, isSemantic: true)]
    }

    /// What its job is known by: two of the same pass are one job while it is not finished.
    var key: String {
        let parts: JSONValue = [
            .string(Self.mark), .string(database), .string(index), .string(model), .bool(isSemantic),
        ]
        return parts.description
    }

    /// Nil for the key of another job.
    init?(key: String?) {
        guard let key, key.hasPrefix("["), let parts = try? JSONValue(parsing: key).array, parts.count == 5,
            parts[0] == .string(Self.mark), let database = parts[1].string, let index = parts[2].string,
            let model = parts[3].string, let isSemantic = parts[4].bool
        else { return nil }
        self.init(database: database, index: index, model: model, isSemantic: isSemantic)
    }
}
