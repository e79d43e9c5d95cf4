public import DNS
import Foundation
import Testing

/// A name server of its own that knows one zone: dnslib, by the Python of `LOODS_TEST_DNSLIB`.
public final class NameServer {
    /// Nil: there is none, and what needs one is left out.
    public static let python = ProcessInfo.processInfo.environment["LOODS_TEST_DNSLIB"]

    /// `127.0.0.1:PORT`.
    public let address: String
    private let process = Process()
    /// It ends when nobody holds the other end any more, however this process ends.
    private let leash = Pipe()

    /// - Parameter records: lines of a zone file, with absolute names.
    private init(_ records: String) throws {
        let port = FreePort.take()
        address = "127.0.0.1:\(port)"
        process.executableURL = URL(fileURLWithPath: Self.python ?? "/usr/bin/python3")
        process.arguments = ["-c", Self.program, "\(port)", records]
        process.standardInput = leash
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    // Signals to end it would be of no use: children of this process begin with most of them blocked.
    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// Lends one that answers, with whoever asks it.
    ///
    /// - Parameter records: lines of a zone file, with absolute names.
    public static func with<R>(
        _ records: String, isolation: isolated (any Actor)? = #isolation,
        _ body: (_ server: NameServer, _ resolver: DNSResolver) async throws -> R
    ) async throws -> R {
        let server = try NameServer(records)
        let probe = try DNSResolver(server: server.address, patience: .milliseconds(300), tries: 1)
        try await eventually("the name server answers") {
            if case .failed = await probe.ask("nobody.test", for: .a) { false } else { true }
        }
        let result = try await body(server, try DNSResolver(server: server.address))
        return withExtendedLifetime(server) { result }
    }

    private static let program = """
        import sys
        from dnslib.server import DNSServer
        from dnslib import RCODE
        from dnslib.zoneresolver import ZoneResolver
        port, zone = int(sys.argv[1]), sys.argv[2]
        class Zone(ZoneResolver):
            # Of names that have something else it says that there are none (RFC 2308, section 2.2).
            def resolve(self, request, handler):
                reply = super().resolve(request, handler)
                if any(name == request.q.qname for name, _, _ in self.zone): reply.header.rcode = RCODE.NOERROR
                return reply
        resolver = Zone(zone)
        # Whoever is answered by UDP may ask by TCP too.
        for tcp in (True, False):
            DNSServer(resolver, port=port, address="127.0.0.1", tcp=tcp).start_thread()
        sys.stdin.read()
        """
}
