// SPDX-License-Identifier: Apache-2.0
//
// Which files of a repository in the Hugging Face / sentence-transformers layout
// make up the model, and which are missing. Pure: names in, names out.

import JSON

struct ModelLayout {
    /// One line of `modules.json`.
    struct Module: Hashable {
        /// Its folder, empty for the repository's own.
        let path: String
        /// The last part of its type, e.g. "Pooling".
        let kind: String
    }

    /// Empty for a repository without `modules.json`, i.e. one transformer.
    let modules: [Module]

    init(modules: [Module] = []) {
        self.modules = modules
    }

    /// Reads `modules.json` (sentence-transformers: a list of `{idx, name, path, type}`).
    init(modulesJSON: [UInt8], from source: String) throws(ModelStoreError) {
        let document: JSONValue
        do {
            document = try JSONValue(parsing: modulesJSON)
        } catch {
            throw ModelStoreError(.corrupt, "modules.json of \(source) is not valid JSON: \(error)")
        }
        var modules: [Module] = []
        for element in document.array ?? [] {
            guard let path = element["path"]?.string, let type = element["type"]?.string else {
                throw ModelStoreError(.corrupt, "modules.json of \(source) has a module without path or type")
            }
            if !path.isEmpty { _ = try SafePath.check(path, from: "modules.json of \(source)") }
            modules.append(Module(path: path, kind: String(type.split(separator: ".").last ?? "")))
        }
        guard !modules.isEmpty else { throw ModelStoreError(.corrupt, "modules.json of \(source) lists no modules") }
        self.modules = modules
    }

    /// The folders that hold the model's files.
    private var folders: Set<String> { Set(modules.map(\.path)).union([""]) }

    /// Of a repository's files those that Hearth reads: configuration, tokenizer and safetensors weights, in the
    /// folders of the modules. Never pickles, ONNX, OpenVINO, other precisions, read-mes.
    func neededFiles(of names: [String]) -> [String] {
        let folders = folders
        let known = Set(names)
        return names.filter { name in
            let (folder, file) = Self.split(name)
            guard folders.contains(folder) else { return false }
            if file.hasSuffix(".safetensors") {
                let whole = Self.join(folder, "model.safetensors")
                return name == whole || (!known.contains(whole) && Self.shard(file) != nil)
            }
            if file == "model.safetensors.index.json" {
                return !known.contains(Self.join(folder, "model.safetensors"))
            }
            return Self.isNeededText(file)
        }
    }

    /// Files without which the model cannot be loaded, of those that are needed.
    func missingFiles(of names: [String]) -> [String] {
        let known = Set(names)
        var missing: [String] = []
        if modules.isEmpty, !known.contains("config.json") { missing.append("config.json") }
        for module in modules {
            switch module.kind {
            case "Normalize", "StaticEmbedding": continue
            default: break
            }
            let configuration = Self.join(module.path, "config.json")
            if !known.contains(configuration) { missing.append(configuration) }
            if module.kind == "Dense", !known.contains(Self.join(module.path, "model.safetensors")) {
                missing.append(Self.join(module.path, "model.safetensors"))
            }
        }
        // The encoder's own folder: the first module's, or the repository's.
        let encoder = modules.first?.path ?? ""
        let files = names.map(Self.split).filter { $0.folder == encoder || $0.folder.isEmpty }
        missing += Self.missingWeights(files, in: encoder)
        if !files.contains(where: { Self.isTokenizer($0.file) }) {
            missing.append(Self.join(encoder, "tokenizer.json"))
        }
        return missing
    }

    /// What to say of weights that are there but are not read; empty for nothing.
    static func remark(on names: [String]) -> String {
        guard names.contains(where: { split($0).file == "pytorch_model.bin" }) else { return "" }
        return "; pytorch_model.bin is a pickle, which can run code when it is read, and is not: convert it in Python, "
            + "where SentenceTransformer(…).save(…) or CrossEncoder(…).save(…) writes safetensors"
    }

    private static func missingWeights(_ files: [(folder: String, file: String)], in encoder: String) -> [String] {
        let names = Set(files.map(\.file))
        if names.contains("model.safetensors") { return [] }
        let shards = names.compactMap(shard)
        guard let count = shards.map(\.count).max() else { return [join(encoder, "model.safetensors")] }
        let present = Set(shards.filter { $0.count == count }.map(\.index))
        var missing = (1...count).filter { !present.contains($0) }.map { "model shard \($0) of \(count)" }
        if !names.contains("model.safetensors.index.json") { missing.append("model.safetensors.index.json") }
        return missing
    }

    private static func isNeededText(_ file: String) -> Bool {
        // What training leaves behind is large and says nothing about the model.
        if ["data_config.json", "trainer_state.json", "train_script.py"].contains(file) { return false }
        return file.hasSuffix(".json") || isTokenizer(file) || file == "merges.txt" || file == "chat_template.jinja"
    }

    private static func isTokenizer(_ file: String) -> Bool {
        ["tokenizer.json", "vocab.txt", "vocab.json"].contains(file) || file.hasSuffix(".model")
    }

    /// Index and count from a name like `model-00001-of-00003.safetensors`; at most 999 shards.
    private static func shard(_ file: String) -> (index: Int, count: Int)? {
        guard file.hasPrefix("model-"), file.hasSuffix(".safetensors") else { return nil }
        let parts = file.dropFirst(6).dropLast(12).split(separator: "-")
        guard parts.count == 3, parts[1] == "of", let index = Int(parts[0]), let count = Int(parts[2]),
            (1...999).contains(count), (1...count).contains(index)
        else { return nil }
        return (index, count)
    }

    private static func split(_ name: String) -> (folder: String, file: String) {
        guard let slash = name.lastIndex(of: "/") else { return ("", name) }
        return (String(name[..<slash]), String(name[name.index(after: slash)...]))
    }

    static func join(_ folder: String, _ file: String) -> String {
        folder.isEmpty ? file : folder + "/" + file
    }
}
