import Contracts
import Messaging
import Model
import Postgres
import ServiceRuntime
import Store
import Transit

/// Waits until what was published is in the log: a body takes effect as a whole, so its last event stands for it. What
/// cannot take effect is set aside, and counted.
struct Arrival: Sendable {
    /// How far clocks of hosts may differ, and how long a worker may take to commit what it has dated.
    private static let slack = Span.minutes(5)

    private let workspace: WorkspaceID
    /// The import's stamp on its events.
    private let receivedAt: Timestamp
    private var keys: [EventLog.Key] = []
    private var setAside: Set<EventLog.Key> = []
    private var search: SetAside.Search

    /// - Parameters:
    ///   - receivedAt: the import's stamp on its events.
    ///   - start: the host's time before anything was published.
    init(in workspace: WorkspaceID, receivedAt: Timestamp, since start: Timestamp) {
        self.workspace = workspace
        self.receivedAt = receivedAt
        search = SetAside.Search(queues: QueueName.events.names, since: start - Self.slack)
    }

    /// Notes a body.
    mutating func note(_ body: EventBodies.Body) {
        if let key = body.events.last?.logKey { keys.append(key) }
    }

    /// Answers how many events were set aside.
    ///
    /// - Throws: `ExitFault` when nothing arrives for a minute.
    mutating func wait(_ store: CommandStore) async throws -> Int {
        try await waitForAll(store)
        try await lookAside(store)
        return setAside.count
    }

    private mutating func waitForAll(_ store: CommandStore) async throws {
        var first = 0
        var lastChange = ContinuousClock.now
        while first < keys.count {
            let part = Array(keys[first..<min(first + 500, keys.count)])
            var settled = try await store.transaction { try EventLog.presentPrefix(of: part, in: $0) }
            if settled < part.count, setAside.contains(part[settled]) { settled += 1 }
            if settled > 0 { lastChange = .now }
            first += settled
            let left = keys.count - first
            guard ContinuousClock.now < lastChange + .seconds(60) else { throw stalled(left) }
            if Interruption.hasCome {
                throw ExitFault(
                    code: .failures,
                    message: "interrupted: everything is published, \(left) of \(keys.count) bodies not stored yet")
            }
            guard settled < part.count else { continue }
            if settled == 0 { try await lookAside(store) }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Finds this import's events among what was set aside.
    private mutating func lookAside(_ store: CommandStore) async throws {
        while true {
            let (next, items) = try await store.transaction { [search] session in
                var search = search
                let items = try search.next(in: session)
                return (search, items)
            }
            search = next
            for item in items {
                guard let batch = try? EventBatch(decoding: item.body) else { continue }
                let mine = batch.events.filter { $0.workspace == workspace && $0.receivedAt == receivedAt }
                setAside.formUnion(mine.compactMap(\.logKey))
            }
            if items.isEmpty { return search.goBack(Self.slack) }
        }
    }

    private func stalled(_ left: Int) -> ExitFault {
        let aside = setAside.isEmpty ? "" : " \(setAside.count.counted("event")) were set aside: loods set-aside list."
        return ExitFault(
            code: .dependencyAway,
            message: """
                nothing has arrived in the store for a minute: \(left) of \(keys.count) bodies are still on their way. \
                Nothing is lost; is scoring running? loods status shows what waits.\(aside)
                """)
    }
}

extension AcceptedEvent {
    /// What the log knows it by; nil where it gives no time.
    fileprivate var logKey: EventLog.Key? {
        sentTime.map { EventLog.Key(workspace, subject: subjectID, sentTime: $0, eventID: eventID) }
    }
}

extension QueueName {
    /// What the queue is called as a whole, and in each of its lanes.
    fileprivate var names: [String] { [rawValue] + lanes.map { name(in: $0) } }
}
