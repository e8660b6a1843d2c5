// SPDX-License-Identifier: Apache-2.0
//
// What libFuzzer calls: one executable, whose target the environment names.

import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Something that takes bytes from others.
struct FuzzTarget: Sendable {
    let name: String
    /// Inputs to begin with.
    let seeds: @Sendable () -> [[UInt8]]
    /// Traps where something is wrong with how the input is taken.
    /// - Returns: false for an input that says nothing, so that none is made of it.
    let run: @Sendable ([UInt8]) -> Bool

    static let all: [FuzzTarget] = [
        .json, .call, .lines, .reply, .form, .batchLine, .toml, .tokenizer, .sentencePiece, .vocabulary, .safeTensors,
        .model, .inflate, .wheel, .jobFile, .notices, .supervisor, .message,
        .vectorFile, .vectorLog,
    ]

    /// The one that HEARTH_FUZZ_TARGET names.
    static let chosen = FuzzTarget.all.first { $0.name == variable("HEARTH_FUZZ_TARGET") }
}

func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

/// Files that the tests read.
let tests: String = {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return "/\(root)/Tests"
}()

func readFile(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { return bytes }
        bytes += chunk[..<count]
    }
}

func writeFile(_ path: String, _ bytes: some Collection<UInt8>) {
    let bytes = Array(bytes)
    guard let file = fopen(path, "wb") else { fatalError("cannot write \(path)") }
    defer { fclose(file) }
    precondition(fwrite(bytes, 1, bytes.count, file) == bytes.count)
}

/// A trap that says what happened.
func check(_ condition: Bool, _ message: @autoclosure () -> String) {
    if !condition { fatalError(message()) }
}

/// With HEARTH_FUZZ_SEEDS, writes the seeds of every target to folders below it, and the names of the targets to the
/// standard output.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: UnsafeMutableRawPointer?, _ arguments: UnsafeMutableRawPointer?) -> CInt {
    if let folder = variable("HEARTH_FUZZ_SEEDS") {
        for target in FuzzTarget.all {
            mkdir("\(folder)/\(target.name)", 0o755)
            for (index, seed) in target.seeds().enumerated() {
                writeFile("\(folder)/\(target.name)/seed-\(index)", seed)
            }
            print(target.name)
        }
        exit(0)
    }
    guard FuzzTarget.chosen != nil else {
        print("HEARTH_FUZZ_TARGET must be one of \(FuzzTarget.all.map(\.name).joined(separator: ", "))")
        exit(2)
    }
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    return FuzzTarget.chosen?.run(input) == true ? 0 : -1
}
