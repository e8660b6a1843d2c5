// SPDX-License-Identifier: Apache-2.0
//
// The embedding of a few texts: one request, whose vectors are printed.

import HearthClient
import WireProtocol

struct TextEmbedding {
    let parameters: EmbedParameters
    let format: OutputFormat?
    let direct: Bool

    func run() throws {
        let writer = format.writer()
        let client = try HearthClient.forWork(direct: direct)
        let progress = LoadProgress()
        let result = try client.embed(parameters, onProgress: progress.show)
        progress.finish()
        try writer.write(result)
        try writer.finish()
        TruncationReport(of: result).show(isJSON: format == .json)
        if let notice = result.notice { Output.note(notice) }
    }
}
