// SPDX-License-Identifier: Apache-2.0
//
// What full-text search takes for words: `WordSplitter`, as FTS5 wants to have it
// (https://www.sqlite.org/fts5.html#custom_tokenizers).

import GRDB

final class CodeTokenizer: FTS5CustomTokenizer {
    static let name = "code"
    /// Another one where texts give other terms than before.
    static let version = 1

    init(db: Database, arguments: [String]) throws {}

    /// Documents are split into terms. Queries have been: they are terms with spaces between.
    func tokenize(
        context: UnsafeMutableRawPointer?, tokenization: FTS5Tokenization, pText: UnsafePointer<CChar>?, nText: CInt,
        tokenCallback: @escaping FTS5TokenCallback
    ) -> CInt {
        guard let pText, nText > 0 else { return ResultCode.SQLITE_OK.rawValue }
        return pText.withMemoryRebound(to: UInt8.self, capacity: Int(nText)) { start in
            let text = UnsafeBufferPointer(start: start, count: Int(nText))
            var result = ResultCode.SQLITE_OK.rawValue
            func emit(_ bytes: UnsafeBufferPointer<UInt8>, _ flags: FTS5TokenFlags, _ source: Range<Int>) -> Bool {
                bytes.withMemoryRebound(to: CChar.self) {
                    result = tokenCallback(
                        context, flags.rawValue, $0.baseAddress, CInt($0.count), CInt(source.lowerBound),
                        CInt(source.upperBound))
                }
                return result == ResultCode.SQLITE_OK.rawValue
            }
            if tokenization.contains(.query) {
                for term in text.split(separator: UInt8(ascii: " ")) {
                    let range = term.startIndex..<term.endIndex
                    guard emit(UnsafeBufferPointer(rebasing: term), [], range) else { break }
                }
            } else {
                var splitter = WordSplitter()
                splitter.forEachTerm(of: text) { emit($0.bytes, $0.isColocated ? .colocated : [], $0.source) }
            }
            return result
        }
    }
}
