// SPDX-License-Identifier: Apache-2.0

import Jobs
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The program `JobsHost`, in the folder that the tests were built into.
let hostProgram: String = {
    #if canImport(Darwin)
        var info = Dl_info()
        dladdr(#dsohandle, &info)
        var folder = info.dli_fname.map { String(cString: $0) } ?? ""
    #else
        let path = realpath("/proc/self/exe", nil)
        defer { free(path) }
        var folder = path.map { String(cString: $0) } ?? ""
    #endif
    while let slash = folder.lastIndex(of: "/") {
        folder = String(folder[..<slash])
        if access("\(folder)/JobsHost", X_OK) == 0 { return "\(folder)/JobsHost" }
    }
    return "JobsHost"
}()

/// A folder that is new, and the caller's to remove.
func temporaryFolder() -> String {
    var template = Array("\(getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp")/hearth-jobs-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { return "." }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

func contents(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes += buffer[..<count]
    }
}

func write(_ text: String, to path: String) {
    guard let file = fopen(path, "w") else { return }
    fputs(text, file)
    fclose(file)
}

/// Names in a folder, sorted.
func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

func removeTree(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else {
        unlink(path)
        return
    }
    for name in names(in: path) { removeTree("\(path)/\(name)") }
    rmdir(path)
}

/// An engine in a folder of its own.
struct TestEngine {
    let folder: String
    let engine: JobEngine

    init(
        folder: String = temporaryFolder(), steps: Int = 4, history: Int = 1000, grace: Duration = .milliseconds(300),
        pressure: @escaping @Sendable () -> Pressure = { .none },
        wallClock: @escaping @Sendable () -> Int64 = { WallClock.now }
    ) throws {
        self.folder = folder
        engine = try JobEngine(
            JobEngineSettings(
                folder: "\(folder)/state", supervisor: [hostProgram, StepSupervisor.verb], command: hostProgram,
                maximumSteps: steps, history: history, grace: grace, pressure: pressure, wallClock: wallClock))
    }

    func submit(_ source: String, file: String = "test.yaml", environment: [String: String] = [:]) async throws
        -> String
    {
        try await engine.submit(
            JobSubmission(source: source, file: file, folder: folder, environment: environment)
        ).id
    }

    /// Submits a job and waits for its end.
    func run(_ source: String, file: String = "test.yaml", environment: [String: String] = [:]) async throws
        -> JobDetails
    {
        let id = try await submit(source, file: file, environment: environment)
        _ = try await engine.wait(id)
        return try await engine.status(id)
    }

    func log(_ job: String, _ step: String) async throws -> String {
        String(decoding: try await engine.logs(job, step: step, limit: 1 << 23).bytes, as: UTF8.self)
    }

    func end() async {
        await engine.shutdown(within: .zero)
        removeTree(folder)
    }
}

/// Runs a test with an engine and puts everything away after it.
func withEngine(
    steps: Int = 4, history: Int = 1000, pressure: @escaping @Sendable () -> Pressure = { .none },
    _ body: (TestEngine) async throws -> Void
) async throws {
    let engine = try TestEngine(steps: steps, history: history, pressure: pressure)
    do {
        try await body(engine)
    } catch {
        await engine.end()
        throw error
    }
    await engine.end()
}

extension JobDetails {
    subscript(_ id: String) -> StepSummary { steps.first { $0.id == id } ?? steps[0] }
    var states: [StepState] { steps.map(\.state) }
}
