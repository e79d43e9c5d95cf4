import NIOSSL

/// By what a reception shows who it is, where senders ask for TLS (RFC 3207).
public struct ReceptionTLS: Sendable {
    /// Why there can be none.
    public struct Fault: Error, CustomStringConvertible {
        public let description: String
    }

    let context: NIOSSLContext

    /// Reads PEM files: the host's certificate with those that vouch for it behind it, and its key.
    public init(certificate: String, key: String) throws(Fault) {
        let chain: [NIOSSLCertificate]
        do { chain = try NIOSSLCertificate.fromPEMFile(certificate) } catch {
            throw Fault(description: "the certificate cannot be read")
        }
        let own: NIOSSLPrivateKey
        do { own = try NIOSSLPrivateKey(file: key, format: .pem) } catch {
            throw Fault(description: "the key cannot be read: it is no private key, or it is encrypted")
        }
        var settings = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(own))
        settings.minimumTLSVersion = .tlsv12
        do { context = try NIOSSLContext(configuration: settings) } catch {
            throw Fault(description: "the key is not the certificate's")
        }
    }
}
