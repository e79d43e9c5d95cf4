import Contracts
import Model
public import ServiceLifecycle
import Transit

/// Keeps clicks for a moment before they become events: whoever follows two links of one mail within a second is no person,
/// and was none at the first.
///
/// Their readers are redirected meanwhile. What a process holds when it is killed is lost, as opens and clicks may be.
public actor ClickDesk: Service {
    /// How long a person takes at the least from one link of a mail to another.
    static let haste = Duration.seconds(1)
    /// For how long all clicks on a mail are taken for the scanner's that has been at it.
    static let suspicion = Duration.seconds(10)
    private static let beat = Duration.milliseconds(250)
    /// Mails that are kept in mind at a time, and clicks that wait; beyond, clicks go on as they are.
    private static let most = 50_000

    private struct Mail {
        /// The first click on it of late.
        var since: ContinuousClock.Instant
        var links: Set<String> = []
        var waiting: [AcceptedEvent] = []
        var isScanned = false

        /// Whoever comes now begins anew.
        mutating func renew(_ now: ContinuousClock.Instant) { (since, links) = (now, []) }
    }

    private var mails: [UniqueID: Mail] = [:]
    private let groups: EventGroups
    /// Whether clicks wait at all: where the clock is stepped it would go on without them, and at the end nobody gives them on.
    private var waits: Bool
    private var held = 0

    public init(groups: EventGroups, waits: Bool) {
        self.groups = groups
        self.waits = waits
    }

    /// Gives on what has waited long enough, until graceful shutdown; then the rest.
    public func run() async throws {
        await every(Self.beat) { await self.giveOn(.now) }
        waits = false
        giveOn(.now + Self.haste)
        mails = [:]
    }

    /// Takes a click that a person may have made.
    func take(_ click: AcceptedEvent, on link: String, of message: UniqueID, at now: ContinuousClock.Instant = .now) {
        guard var mail = mails[message] ?? begin(now) else { return offer(click, as: .human) }
        defer { mails[message] = mail }
        if mail.since + Self.haste <= now, !mail.isScanned { mail.renew(now) }
        mail.links.insert(link)
        if !mail.isScanned, mail.links.count > 1 {
            mail.isScanned = true
            release(&mail, as: .scanner)
        }
        if mail.isScanned {
            offer(click, as: .scanner)
        } else if waits, held < Self.most {
            mail.waiting.append(click)
            held += 1
        } else {
            offer(click, as: .human)
        }
    }

    private func begin(_ now: ContinuousClock.Instant) -> Mail? {
        mails.count < Self.most ? Mail(since: now) : nil
    }

    /// What waited for a second without another link being followed, a person has clicked.
    func giveOn(_ now: ContinuousClock.Instant) {
        for (message, mail) in mails where mail.since + Self.haste <= now {
            var mail = mail
            release(&mail, as: .human)
            mails[message] = mail.since + Self.suspicion <= now || !mail.isScanned ? nil : mail
        }
    }

    private func release(_ mail: inout Mail, as visit: Visit) {
        for click in mail.waiting { offer(click, as: visit) }
        held -= mail.waiting.count
        mail.waiting = []
    }

    private func offer(_ click: AcceptedEvent, as visit: Visit) {
        _ = groups.offer(DraftEvent(event: click.made(by: visit), occurrence: .onReceipt))
    }
}

extension AcceptedEvent {
    /// The same, with who did it.
    func made(by visit: Visit) -> AcceptedEvent {
        guard case .object(var members)? = try? JSON(parsing: properties) else { return self }
        members["kind"] = .string(visit.rawValue)
        var event = self
        event.properties = JSON.object(members).serialized
        return event
    }
}
