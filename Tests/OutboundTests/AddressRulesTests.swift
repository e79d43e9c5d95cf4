@testable import Outbound
import Testing

@Suite struct AddressRulesTests {
    /// At both ends of what is kept back, and beside it.
    @Test(arguments: [
        ("0.0.0.0", false), ("0.255.255.255", false), ("1.0.0.0", true), ("9.255.255.255", true), ("10.0.0.1", false),
        ("10.255.255.255", false), ("11.0.0.0", true), ("100.63.255.255", true), ("100.64.0.0", false),
        ("100.127.255.255", false), ("100.128.0.0", true), ("127.0.0.1", false), ("127.255.255.255", false),
        ("128.0.0.0", true), ("169.253.255.255", true), ("169.254.169.254", false), ("169.255.0.0", true),
        ("172.15.255.255", true), ("172.16.0.0", false), ("172.31.255.255", false), ("172.32.0.0", true),
        ("192.0.0.8", false), ("192.0.2.1", false), ("192.88.99.1", false), ("192.167.255.255", true),
        ("192.168.0.1", false), ("192.169.0.0", true), ("198.17.255.255", true), ("198.18.0.0", false),
        ("198.19.255.255", false), ("198.20.0.0", true), ("198.51.100.1", false), ("203.0.113.7", false),
        ("223.255.255.255", true), ("224.0.0.1", false), ("239.255.255.255", false), ("240.0.0.1", false),
        ("255.255.255.255", false), ("8.8.8.8", true),
    ])
    func addressesOfTheInternetAreTold(address: String, isPublic: Bool) throws {
        #expect(try #require(IPAddress(address)).isPublic == isPublic, "\(address)")
    }

    @Test(arguments: [
        ("::", false), ("::1", false), ("::7f00:1", false), ("::ffff:127.0.0.1", false), ("::ffff:8.8.8.8", false),
        ("64:ff9b::7f00:1", false), ("64:ff9b:1::1", false), ("100::1", false), ("2001::1", false),
        ("2001:db8::1", false), ("2002:7f00:1::", false), ("3fff::1", false), ("fbff:ffff::1", true),
        ("fc00::1", false),
        ("fdff::1", false), ("fe00::1", true), ("fe80::1", false), ("febf::1", false), ("fec0::1", false),
        ("ff02::1", false), ("2606:4700::1111", true), ("2a00:1450::1", true),
    ])
    func thoseOfVersionSixAreTold(address: String, isPublic: Bool) throws {
        #expect(try #require(IPAddress(address)).isPublic == isPublic, "\(address)")
    }

    @Test func addressesAreWrittenAsTheyAreRead() throws {
        for text in ["10.1.2.3", "::1", "2a00:1450:4001::200e"] { #expect(try #require(IPAddress(text)).text == text) }
        for text in ["localhost", "10.1.2", "1.2.3.4.5", "::g", ""] { #expect(IPAddress(text) == nil) }
    }
}
