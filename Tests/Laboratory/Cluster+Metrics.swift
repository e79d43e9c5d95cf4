import Foundation
import TestSupport
public import Testing

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
            sum += try #require(try await count(name, on: service), "\(service) has no \(name)")
        }
        return sum
    }

    /// The sum of all counters that have `name` and a label with this value, over services.
    public nonisolated func sum(_ name: String, with label: String, of services: [String]) async throws -> Int {
        var sum = 0
        for service in services {
            let page = try await page("metrics", of: service).body
            for line in page.split(separator: "\n") where line.hasPrefix(name + "{") && line.contains("\"\(label)\"") {
                sum += line.split(separator: " ").last.flatMap { Int($0) } ?? 0
            }
        }
        return sum
    }

    /// What `/readyz` of a service says.
    public struct ReadyAnswer: Sendable {
        public var isReady: Bool
        /// By dependency: `ready`, or a sentence.
        public var checks: [String: String]
    }

    public nonisolated func readiness(of service: String) async throws -> ReadyAnswer {
        struct Answer: Decodable { var checks: [String: String] }
        let (status, body) = try await page("readyz", of: service)
        return ReadyAnswer(
            isReady: status == 200, checks: try JSONDecoder().decode(Answer.self, from: Data(body.utf8)).checks)
    }

    /// Waits until each of the services is ready, or not, and says these words of a dependency.
    public nonisolated func wait(
        until services: [String], areReady: Bool, saying words: String, of dependency: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        for service in services {
            try await eventually(
                "\(service) is \(areReady ? "ready" : "not ready") and says of \(dependency): \(words)",
                within: .seconds(30), sourceLocation: sourceLocation
            ) {
                let answer = try await readiness(of: service)
                return answer.isReady == areReady && (answer.checks[dependency] ?? "").contains(words)
            }
        }
    }

    /// How often a service has logged a sentence.
    public func timesLogged(_ sentence: String, by service: String) throws -> Int {
        try process(service).output.split(separator: "\n").count { $0.contains("\"\(sentence)\"") }
    }

    private nonisolated func page(_ path: String, of service: String) async throws -> (status: Int, body: String) {
        let address = try await process(service).address(of: .operations)
        let url = try #require(URL(string: "http://\(address)/\(path)"))
        let (data, response) = try await URLSession.shared.data(from: url)
        return ((response as? HTTPURLResponse)?.statusCode ?? 0, String(decoding: data, as: UTF8.self))
    }

    /// A counter as it stands on the metrics page of a service; nil where there is none yet.
    public nonisolated func count(_ name: String, on service: String) async throws -> Int? {
        let lines = try await page("metrics", of: service).body.split(separator: "\n")
        return lines.first { $0.hasPrefix(name + " ") }.flatMap { Int($0.dropFirst(name.count + 1)) }
    }
}
