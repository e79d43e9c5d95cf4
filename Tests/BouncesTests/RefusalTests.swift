import Bounces
import Testing

/// What answers of mail servers mean, and whose fault they name.
@Suite struct RefusalTests {
    @Test(arguments: [
        (550, "5.1.1 <anne@example.org>: user unknown", Refusal.Kind.invalid),
        (550, "No such user here", .invalid),
        (550, "5.1.10 null MX", .invalid),
        (452, "4.2.2 over quota", .mailbox),
        (552, "5.2.2 mailbox full", .mailbox),
        (550, "5.2.1 the account is disabled", .mailbox),
        (550, "5.7.1 relay access denied", .policy),
        (554, "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", .policy),
        (554, "Client host blocked using bl.spamcop.net", .policy),
        (550, "5.7.26 This mail is unauthenticated", .policy),
        (550, "5.7.515 Access denied, sending domain does not meet the required authentication level", .policy),
        (552, "5.3.4 message too large", .content),
        (554, "5.6.0 malformed", .content),
        (554, "5.7.1 message looks like spam", .content),
        (451, "4.7.1 try again later", .transient),
        (421, "4.3.2 shutting down", .transient),
        (554, "5.3.0 as you asked", .unclear),
        (554, "no", .unclear),
    ])
    func codesAndWordsTellWhoCouldMendIt(code: Int, words: String, kind: Refusal.Kind) {
        #expect(Refusal(replyCode: code, words: words).kind == kind)
    }

    @Test func whatIsSaidOfTheSenderIsNeverTheRecipientsFault() {
        for words in ["5.1.1 user unknown", "5.1.8 bad sender", "no", "5.7.1 denied"] {
            #expect(Refusal(replyCode: 550, words: words, at: .sender).kind == .policy, "\(words)")
        }
        #expect(Refusal(replyCode: 552, words: "5.3.4 too large", at: .sender).kind == .content)
    }

    @Test func authenticationAndListsAreBlamedOnTheSenderAndOtherPoliciesMayBeOnesOwn() {
        for words in ["5.7.25 PTR", "5.7.32 alignment", "5.7.515 no", "5.7.606 banned", "5.7.1 blocked by SPF"] {
            #expect(Refusal(replyCode: 550, words: words).blamesSender, "\(words)")
        }
        #expect(!Refusal(replyCode: 550, words: "5.7.1 you are not allowed to write to this list").blamesSender)
        #expect(!Refusal(replyCode: 550, words: "5.1.1 user unknown").blamesSender)
    }

    @Test func ofAReportOnlyWhatWasGivenUpIsARefusal() {
        let gone = Bounce(
            recipient: "a@b.test", class: .invalid, status: EnhancedStatus(5, 1, 1), reason: "user unknown")
        #expect(Refusal(gone)?.kind == .invalid)
        #expect(
            Refusal(Bounce(class: .policy, status: EnhancedStatus(5, 0, 0), replyCode: 550, reason: "no"))?.kind
                == .unclear)
        for other in [Bounce.Class.complaint, .autoReply, .delivered, .none] {
            #expect(Refusal(Bounce(class: other)) == nil)
        }
    }
}
