import Glibc
import Networks
import Testing

@Suite struct NetworkAddressTests {
    /// What is read, and how it is written.
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("::", "::"),
        ("::1", "::1"), ("1::", "1::"), ("2001:DB8::1", "2001:db8::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::ffff:192.0.2.1", "::ffff:c000:201"),
        ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
    ])
    func addressesAreWrittenTheShortWay(_ text: String, _ written: String) throws {
        let address = try #require(NetworkAddress(text))
        #expect(address.description == written)
        #expect(NetworkAddress(written) == address && NetworkAddress(bytes: address.bytes) == address)
    }

    static let strange = [
        "", ":", ":::", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.+4", "1.2.3.", ".1.2.3", "１.2.3.4",
        "localhost", "::g", "1::2::3", "12345::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", ":1::",
        "1::2:", "::1%lo", "::1.2.3", "1.2.3.4::", "::1.2.3.4:5", "::+1", " ::1", "[::1]", "1.2.3.4:80",
    ]

    @Test(arguments: strange) func whatIsNoneIsNotRead(_ text: String) { #expect(NetworkAddress(text) == nil) }

    /// Of many texts, near addresses and far from them, exactly those that the system's own reader takes, as the same bytes.
    @Test func itAgreesWithTheSystem() {
        var random = SystemRandomNumberGenerator()
        let letters = Array("0011223456789abcfF::::..")
        for _ in 0..<200_000 {
            let text = String(
                (0..<Int.random(in: 1...20, using: &random)).map { _ in letters.randomElement(using: &random)! })
            #expect(NetworkAddress(text)?.bytes == Self.system(text), "\(text)")
        }
        for text in Self.strange { #expect(Self.system(text) == nil, "\(text)") }
    }

    private static func system(_ text: String) -> [UInt8]? {
        var (four, six) = (in_addr(), in6_addr())
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: &four) { Array($0) } }
        return inet_pton(AF_INET6, text, &six) == 1 ? withUnsafeBytes(of: &six) { Array($0) } : nil
    }

    @Test func aMappedAddressIsTheOneThatItHolds() throws {
        let (four, six) = (try #require(NetworkAddress("192.0.2.1")), try #require(NetworkAddress("::ffff:192.0.2.1")))
        #expect(four != six && six.unmapped == four && four.unmapped == four && four.asSix == six)
        let other = try #require(NetworkAddress("2001:db8::1"))
        #expect(other.unmapped == other && other.asSix == other)
    }
}

@Suite struct NetworkTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.0", false), ("10.9.9.9/8", "10.0.0.1", true),
        ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "::1", false), ("::/0", "2001:db8::1", true),
        ("::/0", "8.8.8.8", false), ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
        ("2001:db8::/32", "2001:db8:ffff::", true), ("2001:db8::/32", "2001:db9::", false),
        ("2001:db8::/65", "2001:db8::8000:0:0:0", false), ("2001:db8::/64", "2001:db8::8000:0:0:0", true),
        ("2001:db8::1/128", "2001:db8::1", true), ("172.16.0.0/12", "172.31.255.255", true),
    ])
    func aRangeHoldsWhatBeginsAlike(_ network: String, _ address: String, _ isIn: Bool) throws {
        #expect(try #require(Network(network)).contains(try #require(NetworkAddress(address))) == isIn)
    }

    @Test(arguments: [
        "10.0.0.0/33", "2001:db8::/129", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/08", "10.0.0.0/-1", "/8", "x",
    ])
    func whatIsNoneIsNotRead(_ text: String) { #expect(Network(text) == nil) }

    @Test func rangesHoldNarrowerOnes() throws {
        let wide = try #require(Network("10.1.2.3/8"))
        let (narrow, all) = (try #require(Network("10.2.0.0/16")), try #require(Network("0.0.0.0/0")))
        #expect(wide.masked.description == "10.0.0.0/8")
        #expect(wide.contains(narrow) && !wide.contains(all) && all.contains(wide))
    }
}
