// SPDX-License-Identifier: Apache-2.0
//
// Token ids to the vectors that the first block reads.

extension Encoder {
    func embed(_ batch: ArraySlice<TokenizedText>, to hidden: UnsafeMutablePointer<Float>) {
        let embeddings = layers.embeddings
        var row = hidden
        for text in batch {
            var position = embeddings.position?.first ?? 0
            for (index, id) in text.ids.enumerated() {
                embeddings.word.copyRow(Int(id), to: row)
                if embeddings.scale != 1 {
                    for column in 0..<self.hidden { row[column] *= embeddings.scale }
                }
                embeddings.type?.addRow(Int(text.typeIDs[index]), to: row)
                if let learned = embeddings.position {
                    if id == learned.padding {
                        learned.table.addRow(Int(id), to: row)
                    } else {
                        learned.table.addRow(position, to: row)
                        position += 1
                    }
                }
                row += self.hidden
            }
        }
        if let norm = embeddings.norm { kernels.apply(norm, rows: (row - hidden) / self.hidden, hidden) }
    }
}

extension Tensor {
    fileprivate func copyRow(_ index: Int, to target: UnsafeMutablePointer<Float>) {
        copy(index * shape[1]..<(index + 1) * shape[1], to: target)
    }

    fileprivate func addRow(_ index: Int, to target: UnsafeMutablePointer<Float>) {
        add(index * shape[1]..<(index + 1) * shape[1], to: target)
    }
}
