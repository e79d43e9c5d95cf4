import NIOCore
import NIOPosix
import NIOSSL

/// The TLS of a pool's connections.
struct SMTPSecurity: Sendable {
    private let context: Result<NIOSSLContext, SMTPError>
    /// For SNI and the certificate check; nil for an IP address, which is checked against the peer's.
    private let hostname: String?

    init(_ configuration: SMTPConfiguration) {
        hostname = (try? SocketAddress(ipAddress: configuration.host, port: 0)) == nil ? configuration.host : nil
        var settings = TLSConfiguration.makeClientConfiguration()
        settings.minimumTLSVersion = .tlsv12
        if configuration.encryption == .opportunistic {
            // A certificate nobody vouches for still keeps listeners out; there is no better to fall back to.
            settings.certificateVerification = .none
        }
        if let file = configuration.certificateAuthorityFile { settings.trustRoots = .file(file) }
        do {
            context = .success(try NIOSSLContext(configuration: settings))
        } catch {
            context = .failure(SMTPError(.tlsFailed, .startTLS, cause: "the settings: \(type(of: error))"))
        }
    }

    func makeHandler() throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(context: context.get(), serverHostname: hostname)
    }
}
