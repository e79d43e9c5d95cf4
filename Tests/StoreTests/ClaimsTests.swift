import Contracts
import Model
import Postgres
import Store
import TestSupport
import Testing

/// Claim, hand, outcome, release: each step holds only for the attempt it was made for.
@Suite struct ClaimsTests {
    private let anne = contact("anne")

    /// Runs `body` in a transaction, with one message of Anne's planned and her consent given.
    private func withMessage(_ body: @escaping @Sendable (PostgresSession, Message) throws -> Void) async throws {
        let anne = anne
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                try session.make([anne])
                try Consents.append([consent(.given, of: anne, at: noon - .days(1))], now: noon, in: session)
                let letter = message("1", to: anne)
                try Messages.plan([letter], machineNow: noon, in: session)
                try body(session, letter)
            }
        }
    }

    @Test func aMessageIsPlannedOnce() async throws {
        try await withMessage { session, letter in
            var other = letter
            other.template = "other"
            try Messages.plan([letter, other], machineNow: noon, in: session)
            #expect(try session.value("select array_agg(template) from messages", as: [String].self) == ["hello"])
        }
    }

    @Test func acceptedIsTheEndAndTheRunHearsOfIt() async throws {
        try await withMessage { session, letter in
            let claimed = try session.claim(letter.contact, under: id("claim"))
            #expect(claimed.map(\.attempt) == [1])
            #expect(try session.state(of: letter) == "claimed")
            #expect(try !session.isRung(letter.run))
            #expect(try session.claim(letter.contact, under: id("second")) == [], "taken already")
            #expect(try Claims.hand(claimed, now: noon, in: session) == [letter.id])
            #expect(try !session.isRung(letter.run), "it waits for the answer")
            #expect(try Claims.hand(claimed, now: noon, in: session) == [], "handed already")
            let settled = try Claims.settle([(claimed[0], .accepted, "250 ok")], now: noon, in: session)
            #expect(settled == [letter.id])
            #expect(try session.isRung(letter.run))
            #expect(try session.state(of: letter) == "accepted")
            let twice = try Claims.settle([(claimed[0], .refused, nil)], now: noon, in: session)
            #expect(twice == [], "an end is final")
            #expect(try Claims.releaseRunOut(before: .distantFuture, now: noon, in: session).isEmpty)
            #expect(try session.state(of: letter) == "accepted")
        }
    }

    @Test func aVerdictThatTimeHasChangedIsNotHanded() async throws {
        try await withMessage { session, letter in
            let claimed = try session.claim(letter.contact, under: id("claim"), validUntil: noon + .seconds(10))
            #expect(try Claims.hand(claimed, now: noon + .seconds(10), in: session) == [])
            #expect(try session.state(of: letter) == "claimed")
            #expect(try Claims.hand(claimed, now: noon + .seconds(9), in: session) == [letter.id])
        }
    }

    @Test func anExpiredClaimIsReleasedAndItsMailerIsFencedOff() async throws {
        try await withMessage { session, letter in
            let stale = try session.claim(letter.contact, under: id("claim"), expiresAt: noon + .seconds(60))
            #expect(try Claims.releaseRunOut(before: noon + .seconds(60), now: noon, in: session).isEmpty)
            #expect(try session.state(of: letter) == "claimed", "it lasts until the instant itself")
            #expect(try Claims.releaseRunOut(before: noon + .seconds(61), now: noon, in: session).isEmpty)
            #expect(try session.state(of: letter) == "planned")
            #expect(try !Claims.renew(id("claim"), until: noon + .hours(1), in: session))
            #expect(try Claims.hand(stale, now: noon, in: session) == [])
            #expect(try Claims.settle([(stale[0], .accepted, nil)], now: noon, in: session) == [])
            let next = try session.claim(letter.contact, under: id("claim 2"))
            #expect(next.map(\.attempt) == [3])
            #expect(try Claims.hand(stale, now: noon, in: session) == [], "another's claim")
            #expect(try Claims.settle([(stale[0], .refused, nil)], now: noon, in: session) == [])
            #expect(try Claims.hand(next, now: noon, in: session) == [letter.id])
        }
    }

    @Test func whatADeadMailerHadHandedIsUnknown() async throws {
        try await withMessage { session, letter in
            let claimed = try session.claim(letter.contact, under: id("claim"), expiresAt: noon)
            _ = try Claims.hand(claimed, now: noon, in: session)
            let unknown = try Claims.releaseRunOut(before: noon + .seconds(1), now: noon, in: session)
            #expect(unknown.unknown == [letter])
            #expect(unknown.resent == [])
            #expect(try session.state(of: letter) == "unknown")
            #expect(try session.isRung(letter.run))
            #expect(try session.isRung(letter.run))
        }
    }

    /// Its mailer lived, but could not reach the store for longer than its claim lasted.
    @Test func theUnknownEndsAsItsMailerSaysOnceItCan() async throws {
        try await withMessage { session, letter in
            let claimed = try session.claim(letter.contact, under: id("claim"), expiresAt: noon)
            _ = try Claims.hand(claimed, now: noon, in: session)
            _ = try Claims.releaseRunOut(before: noon + .seconds(1), now: noon, in: session)
            let notAnEnd = Claims.Outcome.deferred(retryAt: noon)
            #expect(try Claims.settle([(claimed[0], notAnEnd, nil)], now: noon, in: session) == [])
            let late = noon + .seconds(2)
            #expect(try Claims.settle([(claimed[0], .accepted, "250 ok")], now: late, in: session) == [letter.id])
            #expect(try session.state(of: letter) == "accepted")
            #expect(try Claims.settle([(claimed[0], .refused, nil)], now: late, in: session) == [], "an end is final")
        }
    }

    @Test func whatIsRatherSentTwiceIsPlannedAgainOnce() async throws {
        try await withMessage { session, letter in
            let first = try session.claim(letter.contact, under: id("claim"), expiresAt: noon, isResendable: true)
            _ = try Claims.hand(first, now: noon, in: session)
            let released = try Claims.releaseRunOut(before: noon + .seconds(1), now: noon, in: session)
            #expect(released.resent == [letter] && released.unknown == [])
            #expect(try session.state(of: letter) == "planned")
            #expect(try !session.isRung(letter.run), "it waits for what becomes of the second")
            let listed = try UnknownMessages.latest(of: shop, limit: 10, in: session)
            #expect(listed.map(\.message.id) == [letter.id] && listed.map(\.state) == [.planned])
            let soon = noon + .seconds(1) + Claims.resendWait
            #expect(try session.claim(letter.contact, under: id("early"), machineNow: soon - .seconds(1)) == [])
            let second = try session.claim(
                letter.contact, under: id("c2"), machineNow: soon, expiresAt: noon, isResendable: true)
            #expect(second.map(\.isResent) == [true] && second.map(\.attempt) == [3])
            _ = try Claims.hand(second, now: noon, in: session)
            #expect(try Claims.settle([(first[0], .accepted, nil)], now: noon, in: session) == [], "too late")
            let again = try Claims.releaseRunOut(before: noon + .seconds(1), now: noon, in: session)
            #expect(again.resent == [] && again.unknown == [letter], "once is enough")
            #expect(try session.state(of: letter) == "unknown")
            #expect(try UnknownMessages.latest(of: shop, limit: 10, in: session).map(\.state) == [.unknown])
        }
    }

    /// Else somebody would get a second one although it is known that they have the first.
    @Test func whatIsToBeSentAgainEndsAsItsMailerSaysInTime() async throws {
        try await withMessage { session, letter in
            let claimed = try session.claim(letter.contact, under: id("claim"), expiresAt: noon, isResendable: true)
            _ = try Claims.hand(claimed, now: noon, in: session)
            _ = try Claims.releaseRunOut(before: noon + .seconds(1), now: noon, in: session)
            let settled = try Claims.settle([(claimed[0], .accepted, "250 ok")], now: noon, in: session)
            #expect(settled == [letter.id])
            #expect(try session.state(of: letter) == "accepted")
            #expect(try session.isRung(letter.run))
            #expect(try session.claim(letter.contact, under: id("c2"), machineNow: noon + .days(1)) == [])
        }
    }

    @Test func aConnectionThatBreaksAtTheDotHasItSentAgain() async throws {
        try await withMessage { session, letter in
            let claimed = try session.claim(letter.contact, under: id("claim"), isResendable: true)
            _ = try Claims.hand(claimed, now: noon, in: session)
            let retryAt = noon + .seconds(10)
            let outcome = Claims.Outcome.resent(retryAt: retryAt)
            #expect(
                try Claims.settle([(claimed[0], outcome, "connection lost")], now: noon, in: session) == [letter.id])
            #expect(try session.state(of: letter) == "planned")
            #expect(try session.claim(letter.contact, under: id("c2"), machineNow: noon) == [])
            let again = try session.claim(letter.contact, under: id("c3"), machineNow: retryAt, isResendable: true)
            #expect(again.map(\.isResent) == [true])
            _ = try Claims.hand(again, now: noon, in: session)
            #expect(try Claims.settle([(again[0], .accepted, nil)], now: noon, in: session) == [letter.id])
            #expect(try UnknownMessages.latest(of: shop, limit: 10, in: session).map(\.state) == [.accepted])
        }
    }

    @Test func aMailerThatLivesKeepsItsClaim() async throws {
        try await withMessage { session, letter in
            _ = try session.claim(letter.contact, under: id("claim"), expiresAt: noon)
            #expect(try Claims.renew(id("claim"), until: noon + .hours(1), in: session))
            _ = try Claims.releaseRunOut(before: noon + .minutes(59), now: noon, in: session)
            #expect(try session.state(of: letter) == "claimed")
        }
    }

    @Test func aClaimWithOpenMessagesIsLeftToExpire() async throws {
        try await withMessage { session, letter in
            let claimed = try session.claim(letter.contact, under: id("claim"))
            try Claims.close(id("claim"), in: session)
            #expect(try session.value("select count(*) from claims", as: Int64.self) == 1)
            _ = try Claims.settle([(claimed[0], .returned(retryAt: noon), nil)], now: noon, in: session)
            try Claims.close(id("claim"), in: session)
            #expect(try session.value("select count(*) from claims", as: Int64.self) == 0)
        }
    }

    @Test func aDeferredMessageWaitsOnMachineTime() async throws {
        try await withMessage { session, letter in
            let claimed = try session.claim(letter.contact, under: id("claim"))
            _ = try Claims.hand(claimed, now: noon, in: session)
            let retryAt = noon + .minutes(15)
            _ = try Claims.settle(
                [(claimed[0], .deferred(retryAt: retryAt), "451 later")], now: noon, in: session)
            #expect(try session.state(of: letter) == "planned")
            #expect(try !session.isRung(letter.run))
            let early = retryAt - .seconds(1)
            #expect(try session.claim(letter.contact, under: id("c2"), machineNow: early) == [])
            #expect(try Claims.duePage(now: noon, machineNow: early, limit: 10, in: session).contacts == [])
            let page = try Claims.duePage(now: noon, machineNow: retryAt, limit: 10, in: session)
            #expect(page == .init(contacts: [letter.contact], isFull: false))
            let again = try session.claim(letter.contact, under: id("c3"), machineNow: retryAt)
            #expect(again.map(\.deferrals) == [1])
            #expect(again.map(\.attempt) == [2])
            #expect(try Claims.hand(again, now: noon + .days(1), in: session) == [letter.id])
            let verdict = try Messages.verdicts(of: [run("1", of: letter.contact)], in: session)[letter.run]?.first
            #expect(verdict?.settledAt == noon + .days(1), "waits count from the last hand-over")
        }
    }

    @Test func aRefusalBeforeTheHandOverRingsTheRun() async throws {
        try await withMessage { session, letter in
            let claimed = try session.claim(letter.contact, under: id("claim"))
            _ = try Claims.settle([(claimed[0], .refused, "550 no")], now: noon, in: session)
            #expect(try session.state(of: letter) == "refused")
            #expect(try session.isRung(letter.run))
        }
    }

    @Test func whatTheGateRefusesEndsAndRingsTheRun() async throws {
        try await withMessage { session, letter in
            try Claims.skip([.init(message: letter, reasons: 5, state: .skipped)], now: noon, in: session)
            #expect(try session.state(of: letter) == "skipped")
            #expect(try session.value("select reasons from messages", as: Int32.self) == 5)
            #expect(try session.isRung(letter.run))
            #expect(try session.claim(letter.contact, under: id("claim")) == [])
        }
    }

    @Test func aHeldMessageWaitsOnDomainTimeAndItsRunToo() async throws {
        try await withMessage { session, letter in
            let morning = noon + .hours(20)
            try Claims.hold([(.init(message: letter, reasons: 2, state: .planned), morning)], in: session)
            #expect(try !session.isRung(letter.run))
            #expect(try session.claim(letter.contact, under: id("c1"), now: morning - .seconds(1)) == [])
            #expect(
                try Claims.duePage(now: morning, machineNow: noon, limit: 10, in: session).contacts == [letter.contact])
            #expect(try session.claim(letter.contact, under: id("c2"), now: morning).count == 1)
        }
    }

    /// Domain time may stand still, or be centuries off.
    @Test func aFreshMessageIsLookedForOnlyWhenItsHintIsLateByTheHostsClock() async throws {
        try await withMessage { (session, letter) throws in
            let (early, late) = (noon + .seconds(4), noon + .seconds(5))
            #expect(try Claims.duePage(now: .distantFuture, machineNow: early, limit: 10, in: session).contacts == [])
            let due = try Claims.duePage(now: .distantPast, machineNow: late, limit: 10, in: session)
            #expect(due.contacts == [letter.contact])
            let transactional = try Claims.duePage(
                now: noon, machineNow: late, withTopic: false, limit: 10, in: session)
            #expect(transactional.contacts == [], "it has a topic")
        }
    }

    /// Else mailers would rest although more is due.
    @Test func aPageIsFullByItsMessagesHoweverFewTheContacts() async throws {
        try await withMessage { session, letter in
            try Messages.plan(["2", "3"].map { message($0, to: letter.contact) }, machineNow: noon, in: session)
            for (limit, isFull) in [(Int32(2), true), (3, true), (4, false)] {
                let page = try Claims.duePage(now: noon, machineNow: noon + .seconds(5), limit: limit, in: session)
                #expect(page == .init(contacts: [letter.contact], isFull: isFull))
            }
        }
    }

    @Test func handOverAndOutcomeStayWithinTheirPage() async throws {
        try await withMessage { session, letter in
            let updates = {
                try session.query(
                    "select n_tup_upd, n_tup_hot_upd from pg_stat_xact_user_tables where relname = 'messages'"
                )[0].decode((Int64.self, Int64.self))
            }
            let claimed = try session.claim(letter.contact, under: id("claim"))
            let before = try updates()
            _ = try Claims.hand(claimed, now: noon, in: session)
            _ = try Claims.settle([(claimed[0], .accepted, "250 ok")], now: noon, in: session)
            let after = try updates()
            #expect(after.0 - before.0 == 2)
            #expect(after.1 - before.1 == 2, "HOT: no index changes")
        }
    }

    @Test func barriersAreTakenOnce() async throws {
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                #expect(try !Barriers.take([id("a"), id("b")], in: session))
                try Barriers.pass([id("a")], machineNow: noon, in: session)
                try Barriers.pass([id("a"), id("c")], machineNow: noon + .minutes(1), in: session)
                #expect(try Barriers.take([id("a"), id("b")], in: session))
                #expect(try !Barriers.take([id("a"), id("b")], in: session))
                try Barriers.pass([id("d")], machineNow: noon + .hours(2), in: session)
                #expect(try !Barriers.take([id("c")], in: session), "nobody asked for it in an hour")
            }
        }
    }

    @Test func aWithdrawalAppliesToItsTopicAndItsContactOnce() async throws {
        let anne = anne
        try await withMessage { session, letter in
            let bram = contact("bram")
            try session.make([bram])
            let others = [
                message("offers", to: anne, topic: "offers"), message("receipt", to: anne, topic: nil),
                message("bram", to: bram),
            ]
            try Messages.plan(others, machineNow: noon, in: session)
            let entry = consent(.withdrawn, of: anne, eventID: "w")
            #expect(try Withdrawals.withdraw([entry], now: noon, in: session) == 1)
            #expect(try session.state(of: letter) == "withdrawn")
            #expect(try session.isRung(letter.run))
            for other in others { #expect(try session.state(of: other) == "planned") }
            #expect(try SendStates.lock([anne, bram], in: session) == [anne: 1, bram: 0])
            #expect(try Withdrawals.withdraw([entry], now: noon, in: session) == 0)
        }
    }

    @Test func aLinkThatIsUsedTwiceTellsTheClusterOnce() async throws {
        let anne = anne
        try await withMessage { session, letter in
            let claimed = try session.claim(anne, under: id("claim"))
            _ = try Claims.hand(claimed, now: noon, in: session)
            let withdrawal = RecordedWithdrawal(
                contact: anne, message: letter.id, topic: "newsletter", answeredAt: noon, means: "page")
            let first = try Withdrawals.apply(withdrawal, now: noon, in: session)
            #expect(first.address == "anne@example.com")
            #expect(first.event?.subjectID == anne.contact)
            let second = try Withdrawals.apply(withdrawal, now: noon + .seconds(1), in: session)
            #expect(second.event == nil)
            #expect(
                try Consents.current(of: [anne], in: session)[anne, default: []].topics(givenAt: "anne@example.com")
                    == [])
        }
    }

    /// Since an older copy of it was restored.
    @Test func aLinkOfAMailThatTheStoreHasLostWithdrawsAtEveryAddress() async throws {
        let anne = anne
        try await withMessage { session, letter in
            // Elsewhere it was withdrawn since.
            let elsewhere = consent(
                .withdrawn, of: anne, address: "old@example.com", at: noon - .hours(1), eventID: "o")
            try Consents.append([elsewhere], now: noon, in: session)
            let withdrawal = RecordedWithdrawal(
                contact: anne, message: id("lost"), topic: "newsletter", answeredAt: noon, means: "one-click")
            let applied = try Withdrawals.apply(withdrawal, now: noon, in: session)
            #expect(applied.event != nil)
            #expect(try session.state(of: letter) == "withdrawn")
            let lines = try Consents.ledger(of: anne, in: session)
            #expect(lines.map(\.state) == [.given, .withdrawn, .withdrawn])
            #expect(lines.last?.source == "one-click")
            let standing = try Consents.current(of: [anne], in: session)[anne, default: []]
            #expect(standing.topics(givenAt: "anne@example.com") == [])
            #expect(try Withdrawals.apply(withdrawal, now: noon, in: session).event == nil, "once is enough")
            let gone = RecordedWithdrawal(
                contact: contact("erased"), message: id("lost"), topic: "newsletter", answeredAt: noon, means: "page")
            #expect(try Withdrawals.apply(gone, now: noon, in: session).event == nil, "nobody is there")
        }
    }

    @Test func manyWithdrawalsAreAppliedAtOnceEachOnItsOwn() async throws {
        let (anne, bram) = (anne, contact("bram"))
        try await withMessage { session, letter in
            try session.make([bram])
            try Consents.append([consent(.given, of: bram, at: noon - .days(1))], now: noon, in: session)
            let other = message("bram", to: bram)
            try Messages.plan([other], machineNow: noon, in: session)
            for contact in [anne, bram] {
                let claimed = try session.claim(contact, under: id("claim \(contact.contact)"))
                _ = try Claims.settle(claimed.map { ($0, .accepted, nil) }, now: noon, in: session)
            }
            let links = [(bram, other.id), (anne, letter.id), (anne, letter.id), (anne, id("gone"))]
            let withdrawals = links.map { contact, message in
                RecordedWithdrawal(
                    contact: contact, message: message, topic: "newsletter", answeredAt: noon, means: "page")
            }
            try Messages.plan([message("2", to: anne)], machineNow: noon, in: session)
            let applied = try Withdrawals.apply(withdrawals, now: noon, in: session)
            #expect(applied.map(\.contact) == [bram, anne, anne, anne])
            // What the store has lost is withdrawn at every address.
            #expect(applied.map { $0.event?.subjectID } == [bram.contact, anne.contact, nil, anne.contact])
            #expect(try session.state(of: message("2", to: anne)) == "withdrawn")
            #expect(try SendStates.lock([anne], in: session) == [anne: 1])
            #expect(try Withdrawals.apply(withdrawals, now: noon, in: session).allSatisfy { $0.event == nil })
        }
    }
}
