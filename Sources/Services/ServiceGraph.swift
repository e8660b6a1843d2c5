// SPDX-License-Identifier: Apache-2.0
//
// Who waits for whom, checked: every name is known once, and nobody waits for
// itself.

import Spelling

struct ServiceGraph: Sendable {
    let names: [String]
    /// By the positions of the services.
    let dependencies: [[Int]]
    let dependents: [[Int]]
    /// 1 for services without dependencies, otherwise one more than the highest of theirs.
    let waves: [Int]

    init(_ services: [Service]) throws(ServiceError) {
        names = services.map(\.name)
        var positions: [String: Int] = [:]
        for (position, name) in names.enumerated() {
            guard positions.updateValue(position, forKey: name) == nil else { throw .duplicateName(name) }
        }
        var dependencies: [[Int]] = []
        var dependents = [[Int]](repeating: [], count: names.count)
        for (position, service) in services.enumerated() {
            var known: [Int] = []
            for name in service.dependencies {
                guard let dependency = positions[name] else {
                    throw .unknownDependency(
                        name, of: service.name, nearest: nearestNames(to: name, among: names, atMost: 1))
                }
                if known.contains(dependency) { continue }
                known.append(dependency)
                dependents[dependency].append(position)
            }
            dependencies.append(known)
        }
        self.dependencies = dependencies
        self.dependents = dependents
        waves = try Self.waves(dependencies, names)
    }

    private static func waves(_ dependencies: [[Int]], _ names: [String]) throws(ServiceError) -> [Int] {
        var waves = [Int](repeating: 0, count: names.count)
        var path: [Int] = []
        func visit(_ position: Int) throws(ServiceError) {
            if waves[position] > 0 { return }
            if let start = path.firstIndex(of: position) {
                throw .cycle((path[start...] + [position]).map { names[$0] })
            }
            path.append(position)
            var wave = 1
            for dependency in dependencies[position] {
                try visit(dependency)
                wave = max(wave, waves[dependency] + 1)
            }
            waves[position] = wave
            path.removeLast()
        }
        for position in names.indices { try visit(position) }
        return waves
    }
}
