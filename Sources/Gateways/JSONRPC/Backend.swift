// SPDX-License-Identifier: Apache-2.0
//
// The services that answer requests, together.

public import Search
public import Serving

public struct Backend: Sendable {
    public let models: ModelPool
    public let embedding: EmbedService
    public let reranking: RerankService
    public let finding: FindService

    public init(models: ModelPool, embedding: EmbedService, reranking: RerankService, finding: FindService) {
        self.models = models
        self.embedding = embedding
        self.reranking = reranking
        self.finding = finding
    }
}
