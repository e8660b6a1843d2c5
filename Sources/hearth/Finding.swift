// SPDX-License-Identifier: Apache-2.0
//
// A question to the index of a folder, and its answer as it is printed.

import ArgumentParser
import HearthClient
import JSON
import Terminal
import WireProtocol

struct Finding {
    enum Form { case text, paths, json }

    var parameters: IndexFindParameters
    var direct = false
    var form = Form.text
    private let currentFolder: String

    /// - Parameter folder: nil for the whole index that the current folder belongs to.
    init(_ query: String, below folder: String? = nil) throws {
        currentFolder = try canonicalPath(".")
        let place = try folder.map { try canonicalPath($0) }
        parameters = IndexFindParameters(root: place ?? currentFolder, query: query)
        parameters.scope = place == nil ? .index : .folder
    }

    func run() throws {
        let client = try HearthClient.forWork(direct: direct)
        let progress = LoadProgress()
        let result = try client.find(parameters, onProgress: progress.show).result
        progress.finish()
        let printer = FindPrinter(
            console: .standardOutput(), root: result["root"]?.string ?? "", currentFolder: currentFolder)
        switch form {
        case .json: try Output.line(result)
        case .paths: try Output.write(printer.paths(of: result))
        case .text: try Output.write(printer.text(of: result))
        }
        if let notice = result["notice"]?.string { Output.note(notice) }
        if result["results"]?.array?.isEmpty ?? true {
            if form != .json { Output.note("nothing found") }
            throw ExitCode(ExitStatus.failed.rawValue)
        }
    }
}
