import Foundation
import Postgres
import TestSupport
public import Testing

/// The account of a cluster at rest: what was sent and answered, what the store holds, and what the mail server has in its
/// own files, compared.
///
/// Holds the invariants I1 to I11 as far as their subject exists: events answered 2xx are there exactly once, and none that
/// was not sent; no message was mailed twice; every message has ended, or is due in future; no claim is older than its
/// lease; nothing went out after a withdrawal was answered, nor without consent; the mails of a run stand in the order of
/// its steps; scores equal what the log gives from scratch; outbox and queues are empty; what is set aside is what was
/// injected; and the events that tell of messages are as many as these.
public struct Account: Sendable {
    /// Accepted events that are not in the store, and mails that should be and are not.
    public fileprivate(set) var lost = 0
    /// Events stored, and messages mailed, more than once.
    public fileprivate(set) var doubled = 0
    /// Messages that were handed when their mailer died: those that ended as *unknown*, and those that were planned again,
    /// which may have been mailed twice.
    public fileprivate(set) var unknown = 0
    /// What is wrong, each in a sentence that names some of those concerned.
    public fileprivate(set) var complaints: [String] = []

    init() {}

    /// Nothing is lost, nothing is doubled, and nothing else is wrong.
    public var isClean: Bool { lost == 0 && doubled == 0 && complaints.isEmpty }

    /// Expects a clean account, with at most so many messages unknown.
    public func expectClean(
        unknown limit: Int = 0, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let about = comment.map { "\($0): " } ?? ""
        for complaint in complaints { Issue.record("\(about)\(complaint)", sourceLocation: sourceLocation) }
        #expect(lost == 0 && doubled == 0, comment, sourceLocation: sourceLocation)
        #expect(unknown <= limit, comment, sourceLocation: sourceLocation)
    }

    /// Notes what is wrong, with the first few of those that it concerns.
    mutating func complain(_ sentence: String, _ concerned: some Sequence<String>) {
        let all = concerned.sorted()
        guard !all.isEmpty else { return }
        let more = all.count > 5 ? " and \(all.count - 5) more" : ""
        complaints.append("\(sentence): \(all.prefix(5).joined(separator: ", "))\(more)")
    }

    mutating func lose(_ sentence: String, _ concerned: some Sequence<String>) {
        let all = Array(concerned)
        lost += all.count
        complain(sentence, all)
    }

    mutating func double(_ sentence: String, _ concerned: some Sequence<String>) {
        let all = Array(concerned)
        doubled += all.count
        complain(sentence, all)
    }

    mutating func leaveUnknown(_ count: Int) { unknown += count }
}

/// What a test's events must have led to.
public struct Expected: Sendable {
    /// By address: the templates that it must have been mailed, in their order, and no others.
    public var mails: [String: [String]]
    /// By address: templates that it may have been mailed besides, or not.
    public var perhaps: [String: Set<String>] = [:]
    /// Templates that one address gets by several messages, each of which it gets once.
    public var repeating: Set<String> = []
    /// How many items must be set aside, and nothing else may be.
    public var setAside: Int
    /// How many runs stand still until what is set aside is replayed.
    public var stranded = 0
    /// The ids of events that are set aside, and so not in the log.
    public var poison: Set<String>
    /// Addresses of people who were erased: of mails that went there before nothing is known any more.
    public var erased: Set<String> = []

    public init(mails: [String: [String]] = [:], setAside: Int = 0, poison: Set<String> = []) {
        self.mails = mails
        self.setAside = setAside
        self.poison = poison
    }

    /// Adds a customer of the ``Shop``.
    public mutating func add(customer number: Int, consents: [String]) {
        mails[Shop.address(number)] = Shop.mails(consents: consents)
    }
}

extension Cluster {
    /// Waits until nothing is under way any more: every accepted event is stored and every queue, the outbox, due timers and
    /// mailers' hands are empty. Leases of dead mailers must run out first.
    ///
    /// - Returns: how long it took.
    @discardableResult
    public nonisolated func drain(
        expecting expected: Expected = Expected(), within bound: Duration = .seconds(60),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Duration {
        let start = ContinuousClock.now
        guard
            try await comesTrue(within: bound, every: .milliseconds(20), { try await isAtRest(expected) })
        else {
            let complaints = try await account(expecting: expected).complaints
            let fault = NotAtRest(bound: bound, complaints: complaints)
            Issue.record(fault, sourceLocation: sourceLocation)
            throw fault
        }
        return ContinuousClock.now - start
    }

    private nonisolated func isAtRest(_ expected: Expected) async throws -> Bool {
        // The small tables of what is open first: counting all the while would hold up what is awaited.
        let open = try await count(
            """
            select (select count(*) from outbox) + (select count(*) from claims)
                + (select count(*) from timers where due_at <= clock_time())
                + (select count(*) from messages where look_at is not null)
                + (select count(*) from messages where due_at <= clock_time())
            """)
        guard open == 0 else { return false }
        let due = journal.accepted.subtracting(expected.poison).count
        guard try await count("select count(*) from event_log where trust <> 2") >= due,
            try await count("select count(*) from set_aside where replayed_at is null") >= expected.setAside,
            try await isEverybodyServed(expected), try await toldOutcomes() == owedOutcomes()
        else { return false }
        return try await isEveryQueueEmpty()
    }

    private nonisolated func isEverybodyServed(_ expected: Expected) async throws -> Bool {
        let gone = try await texts(
            "select address || ' ' || template from messages where state in ('accepted', 'unknown')")
        let owed = expected.mails.flatMap { address, templates in templates.map { "\(address) \($0)" } }
        return Set(gone).isSuperset(of: owed)
    }

    /// What messages have come to, told in the log as events, and as it should be told. That one was unknown, or refused, is
    /// told too where its mailer came back and knew, or it was replayed; then it is not what it has come to.
    private nonisolated func toldOutcomes() async throws -> Int {
        try await count(
            """
            select count(*) from event_log
            where trust = 2 and (name in ('Email Sent', 'Email Skipped') or name in ('Email Unknown', 'Email Refused')
                and exists (
                    select from messages m
                    where 'Email ' || initcap(m.state) = name and m.message_id::text = properties ->> 'message_id'))
            """)
    }

    private nonisolated func owedOutcomes() async throws -> Int {
        try await count(
            "select count(*) from messages where state in ('accepted', 'refused', 'unknown', 'skipped', 'expired')")
    }
}

/// A cluster that does not come to rest in time, and what the account says of it.
struct NotAtRest: Error, CustomStringConvertible {
    var bound: Duration
    var complaints: [String]

    var description: String {
        "the cluster is not at rest after \(bound): " + complaints.joined(separator: "; ")
    }
}
