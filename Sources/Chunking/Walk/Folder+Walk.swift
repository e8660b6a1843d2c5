// SPDX-License-Identifier: Apache-2.0
//
// The files of a folder, one after the other as they are found.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How a walk went.
public struct WalkReport: Sendable, Hashable {
    public enum Source: Sendable, Hashable {
        /// git said which files belong to the folder.
        case git
        /// The ignore files were read by ourselves.
        /// - Parameter gitFailure: what went wrong where the folder is in a git work tree.
        case ignoreFiles(gitFailure: String?)
    }

    public internal(set) var source = Source.ignoreFiles(gitFailure: nil)
    public internal(set) var files = 0
    public internal(set) var bytes = 0
    public internal(set) var skipped = SkippedFiles()
    /// What the system did not let be looked at, relative to the folder, which itself is "": files, and folders that may
    /// have more in them than was found.
    public internal(set) var unseen: [String] = []
}

extension Folder {
    /// Calls the body with each file that may hold text worth searching. Their order is not defined.
    ///
    /// In a git work tree these are the files that git tracks, or would add; elsewhere, and where git fails, those that
    /// no .gitignore excludes. What .ignore and .hearthignore exclude is left out in both cases. Only names and sizes are
    /// looked at: `readText(of:)` may still find that a file is none. Files that vanish meanwhile are no error. Blocks
    /// on the disk; memory grows with the largest folder, and in a work tree with git's list.
    ///
    /// - Parameter environment: of the process, for finding and running git.
    public func walk<Failure: Error>(
        environment: [String: String], _ body: (FoundFile) throws(Failure) -> Void
    ) throws(Failure) -> WalkReport {
        var walk = FolderWalk(limits: limits)
        guard let workTree = GitListing.workTree(of: descriptor) else {
            try walk.run(descriptor, body)
            return walk.report
        }
        switch GitListing.make(of: workTree.folder, environment: environment, timeout: limits.gitTimeout) {
        case .success(let listing):
            walk.report.source = .git
            try walk.run(descriptor, listing, body)
        case .failure(let failure):
            walk.report.source = .ignoreFiles(gitFailure: "git \(failure)")
            walk.enterAbove(workTree.top, folder: workTree.folder)
            try walk.run(descriptor, body)
        }
        return walk.report
    }
}
