// SPDX-License-Identifier: Apache-2.0
//
// The page that shows what the daemon does. Its files hold nothing that others
// may not see: what they show comes over the WebSocket, which checks the token.

import CPage
import NIOHTTP1

enum Page {
    /// The file that is asked for; nil for every other request.
    static func response(to request: HTTPRequest) -> HTTPResponse? {
        guard request.method == .GET || request.method == .HEAD, var file = hearth_page_files() else { return nil }
        while let path = file.pointee.path {
            if String(cString: path) == request.path { return response(file.pointee) }
            file += 1
        }
        return nil
    }

    private static func response(_ file: hearth_page_file) -> HTTPResponse {
        let bytes = UnsafeBufferPointer(start: file.begin, count: file.end - file.begin)
        return HTTPResponse(
            type: String(cString: file.media_type), body: Array(bytes),
            headers: [
                "content-security-policy":
                    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
                    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-cache",
            ])
    }
}
