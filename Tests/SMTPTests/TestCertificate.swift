import Foundation
import NIOSSL

/// A certificate for localhost and 127.0.0.1 that vouches for itself, and its key. They protect nothing.
enum TestCertificate {
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBmjCCAUGgAwIBAgIULAUtyp2ks0yPrm4JUIKFiSLzTjowCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTIzMTEzM1oYDzIxMjYxMDI4
        MjMxMTMzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAAQIP5tX53MlyoCQnbxtL7vdpQtxCv/YnAZga+VTmtzi6NCHe1PYR7h/
        rsQupDib88zthJnS5I0sxiQNd8ACB8z1o28wbTAdBgNVHQ4EFgQUU9K/GFbeoSPP
        hR+MImDwi7U3K2wwHwYDVR0jBBgwFoAUU9K/GFbeoSPPhR+MImDwi7U3K2wwGgYD
        VR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZI
        zj0EAwIDRwAwRAIhAN9ZG7uqQagQEPt1qSzLqViEB2efhoZdzcxP0kwg6yCXAh8C
        3/v17rRHylUpKi0hz22ZVZPpzJftav0878dTRn8j
        -----END CERTIFICATE-----
        """

    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAdt58TXBU5Vv7Bgp
        aEy59J1jkO/zVS0f2LP8jN/QQ0qhRANCAAQIP5tX53MlyoCQnbxtL7vdpQtxCv/Y
        nAZga+VTmtzi6NCHe1PYR7h/rsQupDib88zthJnS5I0sxiQNd8ACB8z1
        -----END PRIVATE KEY-----
        """

    static func serverContext() throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)).map {
            NIOSSLCertificateSource.certificate($0)
        }
        let key = try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)))
    }

    /// Calls `body` with a file that holds the certificate.
    static func withFile<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).pem")
        try Data(certificate.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try await body(file.path)
    }
}
