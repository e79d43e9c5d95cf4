import Foundation
@testable import MailReception
import SMTP
import TestSupport
import Testing

/// Certificates of a reception. That mails come by them is in `MailReceptionTests`.
@Suite struct ReceptionTLSTests {
    /// Calls `body` with the paths of files that hold these texts.
    static func withFiles<Result>(_ texts: [String], _ body: ([String]) async throws -> Result) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "reception-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let paths = texts.indices.map { folder.appending(path: "\($0).pem").path }
        for (text, path) in zip(texts, paths) { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }
        return try await body(paths)
    }

    @Test func whatIsOfNoUseIsTold() async throws {
        let authority = try await TestAuthority.make()
        let (own, other) = (try await authority.issue(to: "localhost"), try await authority.issue(to: "localhost"))
        try await Self.withFiles([own.certificate, own.key, other.key, "nothing"]) { paths in
            _ = try ReceptionTLS(certificate: paths[0], key: paths[1])
            for (certificate, key, said) in [
                (0, 2, "the key is not the certificate's"), (3, 1, "the certificate cannot be read"),
                (0, 3, "the key cannot be read: it is no private key, or it is encrypted"),
                (0, 0, "the key cannot be read: it is no private key, or it is encrypted"),
            ] {
                do {
                    _ = try ReceptionTLS(certificate: paths[certificate], key: paths[key])
                    Issue.record("\(said)")
                } catch {
                    #expect("\(error)" == said)
                }
            }
        }
    }
}
