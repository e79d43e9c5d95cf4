public import Contracts
import CrashPoints
import Logging
public import Messaging
import Metrics
public import Model
import Postgres
import Store
public import Transit

/// Starts, advances and ends runs: in one transaction a batch, under the locks of its contacts.
public struct JourneyWriter: Sendable {
    let worker: Worker
    private let started = Counter(label: "loods_runs_started_total")
    private let ended = Counter(label: "loods_runs_ended_total")
    private let planned = Counter(label: "loods_messages_planned_total")
    private let turnedAway = Counter(label: "loods_entries_turned_away_total")
    private let signalled = Counter(label: "loods_signals_total")
    private let fired = Counter(label: "loods_timers_fired_total")
    private let setAside = Counter(label: "loods_set_aside_total", dimensions: [("queue", "signals")])

    private let polled: PolledWork

    /// Who decides tests that nobody has decided; nil: this one, at once.
    let desk: TestDesk?

    /// - Parameter desk: is told of tests that nobody has decided, and has them decided.
    public init(worker: Worker, desk: TestDesk? = nil) {
        self.worker = worker
        self.desk = desk
        polled = PolledWork(.timers, worker: worker)
    }

    /// Lets journeys act on signals, and marks bodies as arrived in the same transaction.
    public func apply(_ signals: ArraySlice<Signal>, arriving flights: [UniqueID], lane: Lane) async throws {
        CrashItem.signal.handle(signals.lazy.map(\.name))
        let result = try await transact(lane) { try $0.apply(Array(signals), arriving: flights) }
        signalled.increment(by: signals.count)
        await finish(result)
    }

    /// Contacts in one transaction: whoever needs one of these waits for no longer than that takes.
    public static let page = 500
    /// Pages at once: the store works on one while this process works on the other, or waits for the broker.
    private static let width = 2

    /// Looks at the runs of contacts whose timers are due. A contact whose runs cannot be stepped is set aside, and the others
    /// go on.
    ///
    /// - Parameter page: contacts in one transaction.
    /// - Returns: how many contacts were looked at; 0 while others hold all that is due now.
    public func fireTimers(page: Int = page) async throws -> Int { try await fireTimers(.all, page) }

    /// Looks at runs whose timers are punctual; where there are none, at those whose are late.
    ///
    /// - Parameter late: how many of these contacts at most, to the end of a page.
    func fireTimers(page: Int = page, late: Int) async throws -> (punctual: Int, late: Int) {
        let punctual = try await fireTimers(.punctual, page)
        guard punctual == 0, late > 0 else { return (punctual, 0) }
        return (0, try await fireTimers(.late, min(late, page), until: late))
    }

    private enum Lateness { case all, punctual, late }

    /// Goes over the earliest timers, page by page. All schedulers see the same ones: what another one holds is left to it.
    ///
    /// - Parameter limit: how many contacts are looked at; the last page is gone over to its end.
    private func fireTimers(_ lateness: Lateness, _ page: Int, until limit: Int = .max) async throws -> Int {
        let due = try await worker.pool.withTransaction { session in
            let now = try DomainClock.read(in: session)
            let bound = now - CatchUp.patience
            return try Timers.dueContacts(
                after: lateness == .punctual ? bound : .distantPast, at: lateness == .late ? bound : now,
                limit: Int32(4 * page), in: session)
        }
        var starts = stride(from: 0, to: due.count, by: page).makeIterator()
        return try await withThrowingTaskGroup(of: Int.self) { group in
            var (looked, underWay) = (0, 0)
            while true {
                while underWay < Self.width, looked + underWay * page < limit, let start = starts.next() {
                    group.addTask { try await fire(due[start..<min(start + page, due.count)]) }
                    underWay += 1
                }
                guard let count = try await group.next() else { return looked }
                looked += count
                underWay -= 1
            }
        }
    }

    private func fire(_ due: ArraySlice<ContactKey>) async throws -> Int {
        let woken = Counted()
        let runs = PolledWork.Parts {
            try await dueRuns(of: $0)
        } handle: {
            await woken.add(try await wake([$0.contact], only: $0.id))
        }
        let faults = try await polled.handle(due, alone: runs) { part, _ in
            await woken.add(try await wake(Array(part)))
        }
        for (contact, fault) in faults.contacts { try await setAside(contact, run: nil, fault) }
        for (run, fault) in faults.parts { try await setAside(run.contact, run: run.id, fault) }
        return await woken.count + faults.count
    }

    private func dueRuns(of contact: ContactKey) async throws -> [PolledWork.Part] {
        try await worker.pool.withTransaction { session in
            try Timers.dueRuns(of: contact, at: try DomainClock.read(in: session), in: session)
        }.map { PolledWork.Part(contact: contact, id: $0) }
    }

    private func wake(_ contacts: [ContactKey], only run: UniqueID? = nil) async throws -> Int {
        let result = try await transact(.live) { try $0.wake(contacts, only: run) }
        fired.increment(by: result.contacts)
        await finish(result)
        return result.contacts
    }

    /// Puts a signal that says nothing new in place of the timers: replayed, it has the contact's runs looked at again.
    ///
    /// - Parameter run: whose timers; nil are all that the contact has.
    private func setAside(_ contact: ContactKey, run: UniqueID?, _ fault: any Error) async throws {
        worker.logger.error("timers were set aside", metadata: ["reason": "\(fault)"])
        let (clock, worker) = (worker.clock, worker)
        try await worker.pool.withTransaction { session in
            let now = try DomainClock.read(in: session)
            let signal = Signal.timerDue(contact, at: now)
            let name = UniqueID.derived("loods.timer", "\(run ?? contact.contact)")
            let body = SignalBatch(id: name, signals: [signal]).encoded
            let item = SetAside.Item(
                body: body, queue: QueueName.signals.rawValue, lane: Lane.live.rawValue, reason: "\(fault)",
                attempts: 1, at: clock.now
            ).tried(by: worker, fault)
            try SetAside.add([item], in: session)
            let timers = Pages.Work.timers
            try Trials.forget([run.map { timers.item(contact, $0) } ?? timers.item(contact)], in: session)
            try Timers.drop(of: contact, run: run, at: now, in: session)
        }
    }

    func finish(_ result: JourneyBatch.Result) async {
        started.increment(by: result.started)
        ended.increment(by: result.ended)
        planned.increment(by: result.planned)
        turnedAway.increment(by: result.turnedAway)
        for fault in result.faults {
            worker.logger.error(
                "a run was set aside",
                metadata: [
                    "journey": "\(fault.journey)", "run": "\(fault.run?.description ?? "new")",
                    "reason": "\(fault.reason)",
                ])
        }
        setAside.increment(by: result.faults.count)
        await worker.relay.publish(result.outbox)
    }
}

/// Adds up over the parts of a batch.
private actor Counted {
    private(set) var count = 0
    func add(_ number: Int) { count += number }
}
