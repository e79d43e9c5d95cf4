import Foundation

/// A certificate authority of one test's own, made with the openssl command; it protects nothing.
public struct TestAuthority: Sendable {
    /// Its certificate, as PEM.
    public let certificate: String
    private let key: String

    /// A certificate and its key, as PEM.
    public struct Identity: Sendable {
        public var certificate: String
        public var key: String
    }

    /// Makes one.
    public static func make() async throws -> TestAuthority {
        try await inFolder { folder in
            try await openssl(
                folder, "req -x509 \(newKey) -keyout key -out certificate -days 2 -subj /CN=authority",
                "-addext basicConstraints=critical,CA:true")
            return TestAuthority(certificate: try read("certificate", folder), key: try read("key", folder))
        }
    }

    /// Issues a certificate.
    ///
    /// - Parameters:
    ///   - name: whom it is for: `localhost` for a server, the user for a client.
    ///   - isExpired: whether its time was over yesterday.
    public func issue(to name: String, isExpired: Bool = false) async throws -> Identity {
        try await Self.inFolder { folder in
            try write(into: folder)
            try await Self.openssl(
                folder, "req -new \(Self.newKey) -keyout own.key -out request -subj /CN=\(name)",
                "-addext subjectAltName=DNS:\(name)")
            let day = 86_400.0
            let now = Date()
            try await Self.openssl(
                folder, "ca -config ca.conf -batch -notext -in request -out own -cert certificate -keyfile key",
                "-startdate \(Self.text(now - 3 * day)) -enddate \(Self.text(isExpired ? now - day : now + day))")
            return Identity(certificate: try Self.read("own", folder), key: try Self.read("own.key", folder))
        }
    }

    private func write(into folder: URL) throws {
        let configuration = """
            [ca]
            default_ca = own
            [own]
            database = index
            new_certs_dir = .
            rand_serial = yes
            default_md = sha256
            policy = any
            copy_extensions = copy
            [any]
            commonName = supplied
            """
        let files = ["certificate": certificate, "key": key, "index": "", "ca.conf": configuration]
        for (name, text) in files {
            try text.write(to: folder.appending(path: name), atomically: false, encoding: .utf8)
        }
    }

    private static let newKey = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"

    /// As `openssl ca` takes times: `20261126120000Z`.
    private static func text(_ date: Date) -> String {
        date.formatted(.iso8601.dateSeparator(.omitted).timeSeparator(.omitted)).replacing("T", with: "")
    }

    private static func openssl(_ folder: URL, _ words: String...) async throws {
        let words = words.joined(separator: " ").split(separator: " ").map(String.init)
        try await Program.check(["env", "-C", folder.path, "openssl"] + words)
    }

    private static func read(_ name: String, _ folder: URL) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    private static func inFolder<R>(_ body: (URL) async throws -> R) async throws -> R {
        let folder = FileManager.default.temporaryDirectory.appending(path: TestEnvironment.uniqueName("loods-ca-"))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(folder)
    }

    /// Calls `body` with the path of a file that holds a text, such as the certificate.
    public static func withFile<R>(
        _ text: String, isolation: isolated (any Actor)? = #isolation, _ body: (String) async throws -> R
    ) async throws -> R {
        let file = FileManager.default.temporaryDirectory.appending(path: TestEnvironment.uniqueName("loods-pem-"))
        try Data(text.utf8).write(to: file)
        // libpq uses no key that others may read.
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        defer { try? FileManager.default.removeItem(at: file) }
        return try await body(file.path)
    }
}
