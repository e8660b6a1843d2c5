// SPDX-License-Identifier: Apache-2.0
//
// The commands that are run most, without options: understood here, because the
// argument parser reflects over every option that a verb could have, which takes
// longer than a warm model takes for the answer (docs/performance.md).

import WireProtocol

/// `hearth embed TEXT...` or `hearth find QUESTION [FOLDER]`, with or without `--json`.
///
/// It means and does what the verb means and does; whatever else is on the command line is the parser's.
enum PlainCommand {
    case embed(TextEmbedding)
    case find(Finding)

    init?(_ arguments: [String]) throws {
        guard arguments.count > 2 else { return nil }
        let values = arguments[2...].filter { $0 != "--json" }
        let isJSON = values.count < arguments.count - 2
        guard let first = values.first, !values.contains(where: { $0.hasPrefix("-") }) else { return nil }
        switch (arguments[1], values.count) {
        case ("embed", _):
            var parameters = EmbedParameters(input: .texts(values))
            parameters.lane = .interactive
            self = .embed(TextEmbedding(parameters: parameters, format: isJSON ? .json : .usual, direct: false))
        case ("find", 1...2) where !first.allSatisfy(\.isWhitespace):
            var finding = try Finding(first, below: values.dropFirst().first)
            if isJSON { finding.form = .json }
            self = .find(finding)
        default: return nil
        }
    }

    func run() throws {
        switch self {
        case .embed(let embedding): try embedding.run()
        case .find(let finding): try finding.run()
        }
    }
}
