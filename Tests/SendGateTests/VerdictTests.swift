import Model
import SendGate
import Testing

private let address = "anne@example.test"
private let now = Timestamp(seconds: 1_000_000)

private func consent(
    _ state: ConsentRecord.State, topic: String = "news", channel: Channel = .email, address: String = address,
    lapsesAt: Timestamp? = nil
) -> ConsentRecord {
    ConsentRecord(topic: topic, channel: channel, address: address, state: state, lapsesAt: lapsesAt)
}

private func verdict(
    _ messageClass: MessageClass, _ consents: [ConsentRecord] = [], _ suppressions: [Suppression] = []
) -> Verdict {
    SendGate.verdict(
        MessageFacts(messageClass, address: .usable(address)),
        ContactLedger(consents: consents, suppressions: suppressions), now: now)
}

@Suite struct ConsentRules {
    @Test func marketingNeedsConsentGrantedForItsTopicAtItsAddress() {
        #expect(verdict(.topic("news")) == .skip(reasons: .noConsent))
        #expect(verdict(.topic("news"), [consent(.granted)]) == .send(validUntil: .distantFuture))
        #expect(verdict(.topic("news"), [consent(.withdrawn)]) == .skip(reasons: .consentWithdrawn))
        #expect(verdict(.topic("news"), [consent(.pending)]) == .skip(reasons: .consentPending))
    }

    @Test func consentForAnotherTopicChannelOrAddressCountsForNothing() {
        for other in [
            consent(.granted, topic: "offers"), consent(.granted, channel: Channel(rawValue: "postcard")),
            consent(.granted, address: "anne@elsewhere.test"),
        ] {
            #expect(verdict(.topic("news"), [other]) == .skip(reasons: .noConsent))
        }
    }

    /// Whatever the order in which the ledger names them.
    @Test func elsewhereAWithdrawalOnAnyChannelHolds() {
        let (site, mail) = (Channel.site, [consent(.granted), consent(.withdrawn, channel: .site)])
        let facts = MessageFacts(.topic("news"), channel: site, address: ContactLedger.noMailbox)
        for consents in [mail, mail.reversed()] {
            let ledger = ContactLedger(consents: consents).elsewhere(on: site)
            #expect(SendGate.verdict(facts, ledger, now: now) == .skip(reasons: .consentWithdrawn))
        }
        let given = ContactLedger(consents: [consent(.granted), consent(.withdrawn, topic: "offers")])
        #expect(SendGate.verdict(facts, given.elsewhere(on: site), now: now) == .send(validUntil: .distantFuture))
    }

    @Test func whatIsPausedIsHeldUnlessItMayNotGoAnyway() {
        let facts = MessageFacts(.topic("news"), address: .usable(address), isPaused: true)
        let granted = ContactLedger(consents: [consent(.granted)])
        #expect(
            SendGate.verdict(facts, granted, now: now) == .hold(until: .distantFuture, reasons: .journeyPaused))
        #expect(SendGate.verdict(facts, ContactLedger(), now: now) == .skip(reasons: .noConsent))
    }

    @Test func transactionalNeedsNoConsentAndMindsNoWithdrawal() {
        #expect(verdict(.transactional) == .send(validUntil: .distantFuture))
        #expect(verdict(.transactional, [consent(.withdrawn)]) == .send(validUntil: .distantFuture))
    }

    @Test func consentCountsUntilItLapsesAndNotAtThatInstant() {
        let lapse = now + .seconds(1)
        #expect(verdict(.topic("news"), [consent(.granted, lapsesAt: lapse)]) == .send(validUntil: lapse))
        #expect(verdict(.topic("news"), [consent(.granted, lapsesAt: now)]) == .skip(reasons: .consentLapsed))
    }
}

@Suite struct SuppressionRules {
    @Test(arguments: Suppression.Kind.allCases)
    func everySuppressionStopsMarketing(_ kind: Suppression.Kind) {
        let found = verdict(.topic("news"), [consent(.granted)], [Suppression(kind, address: address)])
        #expect(found == .skip(reasons: .suppressed))
    }

    @Test func onlySomeStopTransactionalMessages() {
        for (kind, stops) in [
            (Suppression.Kind.all, true), (.invalidAddress, true), (.complaint, false), (.marketing, false),
        ] {
            let found = verdict(.transactional, [], [Suppression(kind, address: address)])
            #expect(found == (stops ? .skip(reasons: .suppressed) : .send(validUntil: .distantFuture)))
        }
    }

    @Test func aSuppressedOtherAddressOrChannelStopsNothing() {
        let others = [
            Suppression(.all, address: "old@example.test"),
            Suppression(.all, channel: Channel(rawValue: "postcard"), address: address),
        ]
        #expect(verdict(.topic("news"), [consent(.granted)], others) == .send(validUntil: .distantFuture))
    }
}

@Suite struct OtherRules {
    private func verdict(_ message: MessageFacts, _ ledger: ContactLedger = ContactLedger()) -> Verdict {
        SendGate.verdict(message, ledger, now: now)
    }

    @Test func aMessageGoesStrictlyBeforeItsEnd() {
        var message = MessageFacts(.transactional, address: .usable(address), sendUntil: now + .seconds(5))
        #expect(verdict(message) == .send(validUntil: now + .seconds(5)))
        message.sendUntil = now
        #expect(verdict(message) == .skip(reasons: .expired))
    }

    @Test func aMessageIsHeldUntilItsStart() {
        var message = MessageFacts(.transactional, address: .usable(address), sendFrom: now + .seconds(5))
        #expect(verdict(message) == .hold(until: now + .seconds(5), reasons: .notDue))
        message.sendFrom = now
        #expect(verdict(message) == .send(validUntil: .distantFuture))
    }

    @Test func aMessageThatComesDueOnlyWhenExpiredIsSkipped() {
        let message = MessageFacts(
            .transactional, address: .usable(address), sendFrom: now + .seconds(5), sendUntil: now + .seconds(5))
        #expect(verdict(message) == .skip(reasons: .expired))
    }

    @Test func allReasonsToSkipAreNamedAndOutweighAHold() {
        let message = MessageFacts(
            .topic("news"), address: .missing, sendFrom: now + .days(1), journeyEnded: true)
        let found = verdict(message, ContactLedger(isErased: true))
        #expect(found == .skip(reasons: [.erased, .journeyEnded, .noAddress]))
    }

    @Test func anAddressThatCannotBeUsedIsSaid() {
        #expect(verdict(MessageFacts(.transactional, address: .malformed)) == .skip(reasons: .badAddress))
        #expect(verdict(MessageFacts(.topic("t"), address: .missing)) == .skip(reasons: .noAddress))
    }

    @Test func validityIsTheFirstInstantAtWhichTimeCouldChangeTheVerdict() {
        let ledger = ContactLedger(consents: [consent(.granted, lapsesAt: now + .days(2))])
        let message = MessageFacts(.topic("news"), address: .usable(address), sendUntil: now + .days(1))
        #expect(verdict(message, ledger) == .send(validUntil: now + .days(1)))
    }
}

@Suite struct ReasonWords {
    /// Stored decisions hold these numbers.
    @Test func bitsNeverChange() {
        let bits: [(Reasons, UInt32)] = [
            (.noConsent, 1), (.consentWithdrawn, 2), (.consentPending, 4), (.consentLapsed, 8), (.suppressed, 16),
            (.noAddress, 32), (.badAddress, 64), (.expired, 128), (.journeyEnded, 256), (.erased, 512),
            (.notDue, 1024), (.journeyPaused, 2048), (.quietHours, 4096), (.capped, 8192),
            (.endsRun, 16384),
        ]
        for (reason, bit) in bits {
            #expect(reason.rawValue == bit)
            #expect(reason.words.count == 1 && !reason.words[0].hasPrefix("reason "))
        }
    }

    @Test func wordsFollowTheBitsAndUnknownOnesAreNumbered() {
        let reasons: Reasons = [.suppressed, .noConsent, Reasons(rawValue: 1 << 31)]
        #expect(
            reasons.words == ["no consent for the topic at this address", "the address is suppressed", "reason 31"])
        #expect(Reasons().description.isEmpty)
    }
}
