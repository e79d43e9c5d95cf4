import Foundation
import Laboratory
import Messaging
import Postgres
import Testing
import TestSupport

/// Schemathesis, from PyPI, makes calls by `/openapi.json`, right ones and wrong ones, and holds the answers against it:
/// what is described is taken, what is not is refused, and there is no answer of which nothing is said.
///
/// A short run of what `schemathesis run URL/openapi.json --checks all --max-examples 200` does at length.
@Suite(.enabled("LOODS_TEST_SCHEMATHESIS names no Schemathesis") { Schemathesis.program != nil })
struct SchemathesisTests {
    @Test(.timeLimit(.minutes(10)))
    func theDescriptionIsTrue() async throws {
        try await Cluster.with(services: ["ingest", "scoring"], workspace: Shop.files) { cluster in
            let credentials = Data("\(cluster.writeKey):".utf8).base64EncodedString()
            try await Schemathesis.run(against: cluster, "--header", "Authorization: Basic \(credentials)")
            // What the edge took, however odd, the store takes as well.
            let taken = try await cluster.counter("loods_ingest_events_total{outcome=\"accepted\"}", of: "ingest")
            #expect(taken > 20)
            try await eventually("everything is taken in") {
                try await cluster.stage.broker.ready(in: .events, lane: .live) == 0
            }
            #expect(try await cluster.texts("select reason from set_aside") == [])
        }
    }
}

enum Schemathesis {
    static let program = ProcessInfo.processInfo.environment["LOODS_TEST_SCHEMATHESIS"].flatMap {
        $0.isEmpty ? nil : $0
    }

    /// Calls that are short for others are left out: one route stands for both. One at a time: CPython 3.11 may fail where two
    /// threads parse.
    private static let options = [
        "--checks", "all", "--max-examples", "3", "--seed", "7", "--workers", "1", "--exclude-path-regex",
        "^/v1/([a-z]|import)$", "--no-color",
    ]

    /// Runs it, and expects that it finds nothing.
    static func run(against cluster: Cluster, _ more: String...) async throws {
        // It keeps its notes where it stands.
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent(TestEnvironment.uniqueName("loods-schemathesis-"))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let start = ["env", "-C", folder.path, try #require(program), "run", "\(cluster.ingest)/openapi.json"]
        let result = try await SystemProgram.run(start + options + more, seconds: 400)
        #expect(result.status == 0, "\(result.text)")
        #expect(result.text.contains("generated"), "\(result.text)")
    }
}
