// SPDX-License-Identifier: Apache-2.0
//
// Noticing changes on Linux, by inotify(7): one watch for each folder, as the
// kernel does not look below them.

#if os(Linux)
    import Glibc
    import Threads

    /// The state of a watch, which never leaves its thread.
    struct InotifyWatch: ~Copyable {
        private let folders: SearchedFolders
        private let settings: FolderWatch.Settings
        private let continuation: AsyncStream<FolderEvent>.Continuation
        private let stop = StopSignal()
        private let descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        /// Watched folders by the kernel's numbers for them, and the other way round.
        private var paths: [Int32: String] = [:]
        private var numbers: [String: Int32] = [:]
        private var found = SearchedFolders.Found()
        private var period: QuietPeriod
        /// Whether other folders may have to be watched.
        private var isStale = false
        private var rootIsGone = false

        /// Returns when all watches are set up; from then on they belong to a thread of their own.
        /// - Returns: how many folders are watched.
        static func start(
            _ folders: SearchedFolders, settings: FolderWatch.Settings,
            _ continuation: AsyncStream<FolderEvent>.Continuation
        ) async -> Int {
            await withCheckedContinuation { ready in
                let isStarted = startThread(named: "watch") {
                    var watch = InotifyWatch(folders, settings: settings, continuation)
                    let failure = watch.refresh()
                    ready.resume(returning: failure == nil ? watch.numbers.count : 0)
                    watch.run(failure)
                    continuation.finish()
                }
                if isStarted { return }
                continuation.finish()
                ready.resume(returning: 0)
            }
        }

        private init(
            _ folders: SearchedFolders, settings: FolderWatch.Settings,
            _ continuation: AsyncStream<FolderEvent>.Continuation
        ) {
            self.folders = folders
            self.settings = settings
            self.continuation = continuation
            period = QuietPeriod(quiet: settings.quiet, longest: settings.longest)
            continuation.onTermination = { [stop] _ in stop.send() }
        }

        deinit { if descriptor >= 0 { close(descriptor) } }

        // MARK: - Watching

        private mutating func run(_ failure: String?) {
            var failure = failure
            while failure == nil {
                let now = ContinuousClock.now
                if period.isDue(at: now) {
                    // Folders that are watched from now on are looked at by whoever hears of the change.
                    if isStale { failure = refresh() }
                    continuation.yield(.changed)
                    if rootIsGone { return }
                    continue
                }
                if wait(for: descriptor, atMost: period.remaining(at: now)) { return }
                readEvents()
            }
            if let failure { poll(because: failure) }
        }

        private func poll(because reason: String) {
            var isSaid = false
            repeat {
                if !isSaid,
                    case .enqueued = continuation.yield(.polling(reason: reason, interval: settings.pollInterval))
                {
                    isSaid = true
                }
                continuation.yield(.changed)
            } while !wait(for: -1, atMost: settings.pollInterval)
        }

        /// - Returns: whether the watch is over.
        private func wait(for descriptor: Int32, atMost duration: Duration?) -> Bool {
            var entries = [
                pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            ]
            // Rounded up, so that what is waited for is over afterwards.
            let milliseconds = duration.map { Int32(clamping: Int64($0 / .milliseconds(1)) + 1) } ?? -1
            _ = Glibc.poll(&entries, 2, milliseconds)
            return entries[0].revents != 0
        }

        // MARK: - Events

        private mutating func readEvents() {
            let size = MemoryLayout<inotify_event>.size
            withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { buffer in
                while true {
                    let count = read(descriptor, buffer.baseAddress, buffer.count)
                    guard count > 0 else { return }
                    var offset = 0
                    while offset + size <= count {
                        let event = buffer.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                        let end = offset + size + Int(event.len)
                        let name = buffer[offset + size..<min(end, count)].prefix { $0 != 0 }
                        handle(event.wd, event.mask, String(decoding: name, as: UTF8.self))
                        offset = end
                    }
                }
            }
        }

        private mutating func handle(_ number: Int32, _ mask: UInt32, _ name: String) {
            func has(_ flag: some BinaryInteger) -> Bool { mask & UInt32(truncatingIfNeeded: flag) != 0 }
            if has(IN_Q_OVERFLOW) {
                // Nobody knows what happened.
                isStale = true
                return period.change(at: .now)
            }
            guard let path = paths[number] else { return }
            if has(IN_IGNORED) {
                paths[number] = nil
                if numbers[path] == number { numbers[path] = nil }
                return
            }
            if has(IN_DELETE_SELF) || has(IN_MOVE_SELF) {
                if path.isEmpty { rootIsGone = true }
                isStale = true
            } else if has(IN_ISDIR) {
                let inner = path.isEmpty ? name : path + "/" + name
                if SearchedFolders.isExcluded(name), !found.searched.contains(inner) { return }
                isStale = true
            } else if SearchedFolders.ignoreFiles.contains(name) {
                isStale = true
            } else {
                let file = path.isEmpty ? name : path + "/" + name
                if name.utf8.first == UInt8(ascii: "."), !found.hiddenFiles.contains(file) { return }
                if found.others.contains(path) {
                    // Nothing in this folder is searched. Only what is new in it might be.
                    guard has(IN_CREATE) || has(IN_MOVED_TO) else { return }
                    isStale = true
                }
            }
            period.change(at: .now)
        }

        // MARK: - Folders

        /// Watches the folders that are searched now, and no others.
        /// - Returns: why that is not possible.
        private mutating func refresh() -> String? {
            isStale = false
            guard descriptor >= 0 else {
                return "the system allows no more watchers (\(String(cString: strerror(errno))));"
                    + " raise fs.inotify.max_user_instances"
            }
            found = folders.find()
            let wanted = found.searched.union(found.others)
            if wanted.count > settings.maximumFolders {
                return "the folder has \(wanted.count) folders, and only \(settings.maximumFolders) may be watched"
            }
            // Before others are added: a folder that was renamed keeps its number.
            for (path, number) in numbers where !wanted.contains(path) {
                inotify_rm_watch(descriptor, number)
                paths[number] = nil
                numbers[path] = nil
            }
            let mask =
                IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF
            let flags = UInt32(mask) | UInt32(IN_ONLYDIR) | UInt32(IN_DONT_FOLLOW)
            for path in wanted where numbers[path] == nil {
                let number = inotify_add_watch(descriptor, folders.root + "/" + path, flags)
                if number >= 0 {
                    numbers[path] = number
                    paths[number] = path
                } else if errno == ENOSPC {
                    return "the system allows no more than \(numbers.count) watched folders here;"
                        + " raise fs.inotify.max_user_watches"
                }
            }
            return nil
        }
    }
#endif
