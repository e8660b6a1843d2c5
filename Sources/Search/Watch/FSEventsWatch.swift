// SPDX-License-Identifier: Apache-2.0
//
// Noticing changes on macOS, by FSEvents: one stream for the whole tree.

#if canImport(Darwin)
    import CoreServices
    import Dispatch
    // Bridges arrays to Core Foundation's.
    import Foundation

    /// Owns an event stream; it ends with the object.
    final class FSEventsWatch: Sendable {
        /// Folders that change without anything searched changing.
        private static let excluded = ["/.git/", "/.hg/", "/.svn/", "/.jj/", "/node_modules/"]

        private let continuation: AsyncStream<FolderEvent>.Continuation

        private init(_ continuation: AsyncStream<FolderEvent>.Continuation) { self.continuation = continuation }

        static func start(
            _ root: String, settings: FolderWatch.Settings, _ continuation: AsyncStream<FolderEvent>.Continuation
        ) throws(SearchError) {
            // The stream holds a reference to its context for as long as it lives.
            let watch = FSEventsWatch(continuation)
            var context = FSEventStreamContext(
                version: 0, info: Unmanaged.passUnretained(watch).toOpaque(),
                retain: { info in
                    guard let info else { return nil }
                    return UnsafeRawPointer(Unmanaged<FSEventsWatch>.fromOpaque(info).retain().toOpaque())
                },
                release: { info in
                    guard let info else { return }
                    Unmanaged<FSEventsWatch>.fromOpaque(info).release()
                },
                copyDescription: nil)
            let stream = FSEventStreamCreate(
                nil,
                { _, info, count, paths, _, _ in
                    guard let info else { return }
                    let paths = paths.assumingMemoryBound(to: UnsafePointer<CChar>.self)
                    let watch = Unmanaged<FSEventsWatch>.fromOpaque(info).takeUnretainedValue()
                    watch.handle((0..<count).map { String(cString: paths[$0]) })
                },
                &context, [root] as CFArray, FSEventStreamEventId(kFSEventStreamEventIdSinceNow),
                // Events of this long come together, the first at once after it: a quiet period is not needed.
                settings.quiet / .seconds(1), FSEventStreamCreateFlags(kFSEventStreamCreateFlagWatchRoot))
            guard let stream else {
                throw SearchError(.fileSystem, "the system does not watch the folder '\(root)'")
            }
            FSEventStreamSetDispatchQueue(stream, DispatchQueue(label: "hearth.watch"))
            guard FSEventStreamStart(stream) else {
                FSEventStreamInvalidate(stream)
                FSEventStreamRelease(stream)
                throw SearchError(.fileSystem, "the system does not watch the folder '\(root)'")
            }
            // A stream is not marked as safe to share; only this closure uses it from here on, and once.
            nonisolated(unsafe) let owned = stream
            continuation.onTermination = { _ in
                FSEventStreamStop(owned)
                FSEventStreamInvalidate(owned)
                FSEventStreamRelease(owned)
            }
        }

        private func handle(_ paths: [String]) {
            let isSearched = paths.contains { path in
                let path = path.hasSuffix("/") ? path : path + "/"
                return !Self.excluded.contains { path.contains($0) }
            }
            if isSearched { continuation.yield(.changed) }
        }
    }
#endif
