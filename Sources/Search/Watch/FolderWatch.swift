// SPDX-License-Identifier: Apache-2.0
//
// Says when something in a folder has changed, so that it can be synced again.

public import Chunking

/// What a watch has to say.
public enum FolderEvent: Sendable, Hashable {
    /// Something has changed, and then nothing for a while.
    case changed
    /// Changes cannot be noticed; `changed` comes at fixed times instead. Said once.
    case polling(reason: String, interval: Duration)
}

/// A folder that is watched.
///
/// Changes from the moment on that `start` returns are noticed: start first, sync then, and again for each `changed`.
public struct FolderWatch: Sendable {
    public struct Settings: Sendable, Hashable {
        /// How long nothing may have changed before it is said that something did.
        public var quiet = Duration.milliseconds(500)
        /// How long constant change is waited out.
        public var longest = Duration.seconds(5)
        /// How often the folder is looked at where changes cannot be noticed.
        public var pollInterval = Duration.seconds(30)
        /// How many folders may be watched; the system has a limit of its own.
        public var maximumFolders = 100_000

        public init() {}
    }

    /// Ends when the task that reads it is cancelled, or with the watch.
    public let events: AsyncStream<FolderEvent>
    /// How many folders were watched at first; one where the system looks below it by itself, none where it is polled.
    public let folders: Int

    /// Watches a folder and everything below it that is searched.
    ///
    /// - Parameter environment: of the process, for running git.
    /// - Throws: `.notFound` where there is no such folder.
    public static func start(
        _ root: String, limits: FolderLimits = FolderLimits(), environment: [String: String] = [:],
        settings: Settings = Settings()
    ) async throws(SearchError) -> FolderWatch {
        // A change that nobody has heard of yet stands for all that come after it.
        let (events, continuation) = AsyncStream.makeStream(of: FolderEvent.self, bufferingPolicy: .bufferingOldest(2))
        let root = try IndexFolder.canonical(root)
        #if canImport(Darwin)
            try FSEventsWatch.start(root, settings: settings, continuation)
            let count = 1
        #else
            let folders = SearchedFolders(root: root, limits: limits, environment: environment)
            let count = await InotifyWatch.start(folders, settings: settings, continuation)
        #endif
        return FolderWatch(events: events, folders: count)
    }
}
