import DNS
import Foundation
import TestSupport
import Testing

@Suite(.enabled(if: NameServer.python != nil, "dnslib is not there")) struct DNSResolverTests {
    private static let zone = """
        shop.test. 60 IN TXT "v=spf1 ip4:192.0.2.1 " "-all"
        shop.test. 60 IN TXT "other"
        shop.test. 60 IN MX 20 b.shop.test.
        shop.test. 60 IN MX 10 A.Shop.test.
        a.shop.test. 60 IN A 192.0.2.7
        a.shop.test. 60 IN AAAA 2001:db8::7
        7.2.0.192.in-addr.arpa. 60 IN PTR a.shop.test.
        alias.shop.test. 60 IN CNAME a.shop.test.
        """

    @Test func eachKindOfRecordIsRead() async throws {
        try await NameServer.with(Self.zone) { _, resolver in
            #expect(await resolver.ask("a.shop.test", for: .a) == .records([.address("192.0.2.7")]))
            #expect(await resolver.ask("a.shop.test", for: .aaaa) == .records([.address("2001:db8::7")]))
            #expect(await resolver.ask("7.2.0.192.in-addr.arpa", for: .ptr) == .records([.name("a.shop.test")]))
            #expect(await resolver.ask("alias.shop.test", for: .cname) == .records([.name("a.shop.test")]))
            guard case .records(let exchanges) = await resolver.ask("shop.test", for: .mx) else {
                Issue.record("no exchanges")
                return
            }
            #expect(
                Set(exchanges) == [
                    .exchange(preference: 10, host: "a.shop.test"), .exchange(preference: 20, host: "b.shop.test"),
                ])
        }
    }

    @Test func stringsOfOneTextAreJoined() async throws {
        try await NameServer.with(Self.zone) { _, resolver in
            guard case .records(let texts) = await resolver.ask("shop.test", for: .txt) else {
                Issue.record("no texts")
                return
            }
            #expect(Set(texts) == [.text("v=spf1 ip4:192.0.2.1 -all"), .text("other")])
        }
    }

    @Test func whatIsNotThereIsToldFromWhatNobodyKnows() async throws {
        try await NameServer.with(Self.zone) { _, resolver in
            #expect(await resolver.ask("shop.test", for: .aaaa) == .nothing(nameExists: true))
            #expect(await resolver.ask("nobody.test", for: .a) == .nothing(nameExists: false))
        }
    }

    @Test func largeAnswersComeByAnotherWay() async throws {
        let long = (0..<40).map { "big.test. 60 IN TXT \"\($0)-\(String(repeating: "x", count: 200))\"" }
        try await NameServer.with(long.joined(separator: "\n")) { _, resolver in
            guard case .records(let texts) = await resolver.ask("big.test", for: .txt) else {
                Issue.record("no texts")
                return
            }
            #expect(texts.count == 40)
        }
    }

    @Test func aServerThatIsSilentIsWaitedForSoLong() async throws {
        let silent = try SilentPort()
        let resolver = try DNSResolver(server: "127.0.0.1:\(silent.port)", patience: .milliseconds(300))
        let begun = ContinuousClock.now
        #expect(await resolver.ask("shop.test", for: .a) == .failed(.timeOut))
        #expect(ContinuousClock.now - begun >= .milliseconds(250))
    }

    @Test(arguments: ["localhost:53", "192.0.2.1:0", "192.0.2.1:x", "", "[::1", "[::1]x", "192.0.2.300"])
    func whatIsNoServerIsRefused(_ text: String) {
        #expect(throws: DNSError.server(text)) { try DNSResolver(server: text) }
    }

    @Test(arguments: ["192.0.2.1", "192.0.2.1:5353", "::1", "[::1]:53"])
    func serversAreAddresses(_ text: String) throws { _ = try DNSResolver(server: text) }
}

/// A port where datagrams arrive and nobody answers.
private final class SilentPort {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRINUSE) }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }
}
