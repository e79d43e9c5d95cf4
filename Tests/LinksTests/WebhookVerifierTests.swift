import Links
import Testing

@Suite struct WebhookVerifierTests {
    /// The example of Standard Webhooks' own libraries.
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    private static let body = Array(#"{"test": 2432232314}"#.utf8)
    private static let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    private func verifies(
        _ secrets: [String] = [Self.secret], signatures: String = Self.signature, timestamp: String = "1614265330",
        at now: Int64 = 1_614_265_330
    ) -> Bool? {
        WebhookVerifier(secrets: secrets)?.verifies(
            Self.body, id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: timestamp, signatures: signatures, at: now)
    }

    @Test func theExampleVerifies() { #expect(verifies() == true) }

    @Test func oneOfSeveralIsEnough() {
        let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAA"
        #expect(verifies([other, Self.secret], signatures: "v1,AAAA v2,x \(Self.signature)") == true)
        #expect(verifies([other]) == false)
    }

    @Test func whatIsLateOrForgedDoesNot() {
        #expect(verifies(at: 1_614_265_330 + 300) == true && verifies(at: 1_614_265_330 + 301) == false)
        #expect(verifies(timestamp: "1614265331") == false && verifies(timestamp: "x") == false)
        #expect(verifies(timestamp: "-9223372036854775808", at: .max) == false)
        #expect(verifies(signatures: "") == false && verifies(signatures: "g0hM9SsE") == false)
    }

    @Test(arguments: ["", "whsec_", "whsec_AAAA", "whsec_!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
    func whatIsNoSecretIsRefused(_ secret: String) { #expect(WebhookVerifier(secrets: [secret]) == nil) }
}
