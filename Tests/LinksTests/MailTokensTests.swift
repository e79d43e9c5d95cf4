import Links
import Model
import Testing

@Suite struct MailTokensTests {
    private static let old = LinkSecret(id: "k1", bytes: Array(0..<32))
    private static let new = LinkSecret(id: "k2", bytes: Array(100..<132))
    private static let mark = MessageMark(
        workspace: WorkspaceID(rawValue: 7), contact: 0x0011_2233_4455_6677, message: 0x8899_AABB_CCDD_EEFF)
    private let tokens = try! MailTokens(secrets: [old])

    /// Computed with Python: HKDF without salt, HMAC-SHA256, the first 16 bytes, base 32.
    @Test func anAddressKeepsItsForm() {
        #expect(
            tokens.localPart(for: Self.mark, .bounce)
                == "b+aaaaabyacerdgrcvmz3yrgnkxpgn33x7pvfktsb64mb53excm4oid3qce4")
    }

    @Test func whatIsSignedIsKnownAgainInEitherCase() throws {
        for purpose in MailTokens.Purpose.allCases {
            let local = tokens.localPart(for: Self.mark, purpose)
            #expect(local.utf8.count <= 64)
            for address in [local, "\(local)@bounces.shop.example", "\(local)@SHOP.example".uppercased()] {
                let found = try #require(tokens.read(address))
                #expect(found.purpose == purpose && found.mark == Self.mark)
            }
        }
        let extreme = MessageMark(workspace: WorkspaceID(rawValue: -1), contact: .max, message: 0)
        #expect(tokens.read(tokens.localPart(for: extreme, .bounce))?.mark == extreme)
    }

    @Test func nobodyElseMakesOne() {
        let local = tokens.localPart(for: Self.mark, .bounce)
        #expect(tokens.read("u" + local.dropFirst()) == nil, "a purpose signs with a key of its own")
        for index in local.indices.dropFirst(2) {
            var forged = Array(local)
            let place = local.distance(from: local.startIndex, to: index)
            forged[place] = forged[place] == "a" ? "b" : "a"
            #expect(tokens.read(String(forged)) == nil)
        }
        for text in ["", "b", "b+", "b+a", "bounce", "\(local)a", "\(local.dropLast())", "x\(local)", "b+\(local)"] {
            #expect(tokens.read(text) == nil, "\(text)")
        }
    }

    @Test func aSecretIsReplacedWithoutAGap() throws {
        let both = try MailTokens(secrets: [Self.new, Self.old])
        let later = try MailTokens(secrets: [Self.new])
        #expect(both.read(tokens.localPart(for: Self.mark, .bounce))?.mark == Self.mark)
        #expect(later.read(tokens.localPart(for: Self.mark, .bounce)) == nil)
        #expect(later.read(both.localPart(for: Self.mark, .bounce))?.mark == Self.mark)
    }
}
