// SPDX-License-Identifier: Apache-2.0
//
// A model's weights, in one safetensors file or several shards, by tensor name.

internal import JSON
internal import Spelling

struct WeightFiles: Sendable {
    /// The mapped files, in the order of their names.
    let files: [MappedFile]
    private let tensors: [String: Tensor]

    static let singleFile = "model.safetensors"
    static let index = "model.safetensors.index.json"

    /// Opens `model.safetensors`, or the shards that `model.safetensors.index.json` lists.
    init(_ folder: ModelFolder) throws(ModelError) {
        if let file = try folder.file(Self.singleFile) {
            files = [file]
            tensors = try SafeTensors(file).tensors
        } else if let index = try folder.configuration(Self.index) {
            (files, tensors) = try Self.shards(index, in: folder)
        } else if try folder.file("pytorch_model.bin") != nil {
            throw ModelError(
                .unsupported,
                "\(folder.path) has its weights as pytorch_model.bin, a pickle, which can run code when it is read; "
                    + "fetch a revision with \(Self.singleFile), or convert it in Python: "
                    + "SentenceTransformer(…).save(…), or CrossEncoder(…).save(…), writes safetensors")
        } else {
            throw ModelError(.notFound, "\(folder.path) has no \(Self.singleFile) and no \(Self.index)")
        }
    }

    var names: [String] { tensors.keys.sorted() }

    /// Tensors of several folders, each under its folder's path and its own name.
    init(_ parts: [(path: String, weights: WeightFiles)]) {
        files = parts.flatMap(\.weights.files)
        tensors = parts.reduce(into: [:]) { tensors, part in
            for (name, tensor) in part.weights.tensors {
                tensors["\(part.path)/\(name)"] = tensor.renamed("\(part.path)/\(name)")
            }
        }
    }

    /// The tensor of this name, of any shape and type.
    subscript(name: String) -> Tensor? { tensors[name] }

    /// The tensor called `name`, or by one of its older names.
    func tensor(_ source: TensorSource) throws(ModelError) -> Tensor {
        guard let tensor = source.names.lazy.compactMap({ tensors[$0] }).first else { throw missing(source) }
        guard tensor.shape == source.shape else {
            throw ModelError(
                .tensorShape,
                "tensor '\(tensor.name)' has the shape \(tensor.shape), but config.json asks for \(source.shape)")
        }
        guard tensor.dataType.isWeightType else {
            throw ModelError(
                .unsupported,
                "tensor '\(tensor.name)' is of type \(tensor.dataType.rawValue); F32, F16 and BF16 can be used")
        }
        return tensor
    }

    private func missing(_ source: TensorSource) -> ModelError {
        let near = nearestNames(to: source.name, among: Array(tensors.keys))
        let hint = near.isEmpty ? "" : "; names near it: \(near.joined(separator: ", "))"
        return ModelError(
            .tensorMissing, "the weights have no tensor '\(source.name)' of shape \(source.shape)\(hint)")
    }

    private static func shards(
        _ index: Configuration, in folder: ModelFolder
    ) throws(ModelError) -> ([MappedFile], [String: Tensor]) {
        guard let map = try index.object("weight_map") else {
            throw ModelError(.corrupt, "\(index.file): 'weight_map' is missing")
        }
        var names: Set<String> = []
        for member in map.members {
            guard let name = member.value.string, ModelFolder.staysInside(name), !name.contains("/") else {
                throw ModelError(
                    .corrupt, "\(index.file): tensor '\(member.key)' is in \(member.value), which is no file name here")
            }
            names.insert(name)
        }
        var files: [MappedFile] = []
        var tensors: [String: Tensor] = [:]
        for name in names.sorted() {
            guard let file = try folder.file(name) else {
                throw ModelError(.notFound, "\(folder.path) lacks '\(name)', which \(Self.index) lists")
            }
            files.append(file)
            tensors.merge(try SafeTensors(file).tensors) { first, _ in first }
        }
        return (files, tensors)
    }
}

/// A tensor that an architecture needs, or some of its rows.
struct TensorSource: Sendable, Hashable, CustomStringConvertible {
    /// The names it may have; the first is today's.
    var names: [String]
    /// Of the whole tensor.
    var shape: [Int]
    /// The rows that are needed; nil for all.
    var slice: Range<Int>?

    var name: String { names.first ?? "" }
    var rowCount: Int { slice?.count ?? shape[0] }
    private var rowSize: Int { shape.dropFirst().reduce(1, *) }
    /// The elements that are needed, counted in the whole tensor.
    var elements: Range<Int> {
        let rows = slice ?? 0..<shape[0]
        return rows.lowerBound * rowSize..<rows.upperBound * rowSize
    }

    var description: String { name + (slice.map { "[\($0)]" } ?? "") }
}
