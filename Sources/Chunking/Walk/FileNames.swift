// SPDX-License-Identifier: Apache-2.0
//
// What names alone tell: files that hold no text, files that programs write,
// folders that are never searched.

enum FileNames {
    /// The reason to leave out a file of this name without opening it.
    static func skipReason(_ name: ArraySlice<UInt8>) -> SkipReason? {
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")) else { return nil }
        let suffix = String(decoding: name[(dot + 1)...], as: UTF8.self).lowercased()
        if binaryExtensions.contains(suffix) { return .binary }
        guard generatedExtensions.contains(suffix) || lockExtensions.contains(suffix) else { return nil }
        let name = String(decoding: name, as: UTF8.self).lowercased()
        if lockFiles.contains(name) { return .generated }
        return generatedSuffixes.contains { name.hasSuffix($0) } ? .generated : nil
    }

    /// Folders of version control systems: never searched.
    static let versionControl: Set<String> = [".git", ".hg", ".svn", ".bzr", ".jj", "CVS", "_darcs"]

    /// Folders of installed dependencies and compiled code: searched only where git tracks them.
    static let installed: Set<String> = ["node_modules", "bower_components", "__pycache__"]

    private static let lockExtensions: Set<String> = [
        "json", "lock", "yaml", "sum", "resolved", "lockfile", "hcl", "lockb",
    ]

    private static let lockFiles: Set<String> = [
        "package-lock.json", "npm-shrinkwrap.json", "packages.lock.json", "yarn.lock", "bun.lock", "bun.lockb",
        "deno.lock", "pnpm-lock.yaml", "cargo.lock", "gemfile.lock", "composer.lock", "poetry.lock", "pipfile.lock",
        "uv.lock", "pdm.lock", "pixi.lock", "conda-lock.yaml", "flake.lock", "mix.lock", "podfile.lock", "pubspec.lock",
        "go.sum", "go.work.sum", "package.resolved", "gradle.lockfile", ".terraform.lock.hcl",
    ]

    private static let generatedExtensions: Set<String> = [
        "js", "mjs", "cjs", "css", "map", "go", "py", "cc", "h", "swift", "dart", "cs",
    ]

    private static let generatedSuffixes = [
        ".min.js", ".min.mjs", ".min.cjs", ".min.css", ".bundle.js", ".js.map", ".css.map", ".mjs.map", ".pb.go",
        "_pb2.py", "_pb2_grpc.py", ".pb.cc", ".pb.h", ".pb.swift", ".g.dart", ".freezed.dart", ".designer.cs",
    ]

    private static let binaryExtensions: Set<String> = [
        // Pictures, sound, film, fonts.
        "png", "jpg", "jpeg", "gif", "bmp", "ico", "icns", "tif", "tiff", "webp", "avif", "heic", "psd", "xcf", "mp3",
        "wav", "flac", "ogg", "m4a", "aac", "mp4", "m4v", "mov", "avi", "mkv", "webm", "ttf", "otf", "woff", "woff2",
        "eot",
        // Archives, packages, disk images.
        "zip", "gz", "tgz", "bz2", "xz", "zst", "lz4", "7z", "rar", "tar", "jar", "war", "whl", "egg", "deb", "rpm",
        "apk", "dmg", "iso", "img",
        // Documents that are no text.
        "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "odp", "epub",
        // Compiled code and data.
        "o", "a", "so", "dylib", "dll", "exe", "obj", "lib", "class", "pyc", "pyo", "pyd", "wasm", "beam",
        "swiftmodule", "pcm", "pch", "gch", "pdb", "bin", "dat", "db", "sqlite", "sqlite3", "mdb", "npy", "npz", "pkl",
        "parquet", "arrow", "feather", "h5", "hdf5", "onnx", "pt", "pth", "safetensors", "gguf", "ckpt", "tflite", "mo",
    ]
}
