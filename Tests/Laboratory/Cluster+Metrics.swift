import Foundation
import TestSupport
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

extension Cluster {
    /// A counter as it stands on the metrics pages of services, added up.
    ///
    /// - Parameter name: as the page has it, with the labels in braces.
    public nonisolated func counter(_ name: String, of services: String...) async throws -> Int {
        var sum = 0
        for service in services {
            let address = try await process(service).address(of: .operations)
            let url = try #require(URL(string: "http://\(address)/metrics"))
            let (page, _) = try await URLSession.shared.data(from: url)
            let lines = String(decoding: page, as: UTF8.self).split(separator: "\n")
            let line = try #require(lines.first { $0.hasPrefix(name + " ") }, "\(service) has no \(name)")
            sum += try #require(Int(line.dropFirst(name.count + 1)), "\(line)")
        }
        return sum
    }
}
